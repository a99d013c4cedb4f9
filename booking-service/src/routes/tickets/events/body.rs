//! Request and response bodies of events.

use domain::{Amount, Currency, Units, ZoneName};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::event::Event;
use crate::model::text::{Description, Name};

/// A time as clients write it; without an offset it is UTC.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(try_from = "String")]
pub(crate) struct Moment(pub(crate) Timestamp);

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || "is not a time such as 2030-07-10T19:30:00Z".to_owned();
        let moment = text.parse::<Timestamp>().or_else(|_| {
            if text.contains('[') {
                // Local time in the zone that it names.
                return Ok(text.parse::<Zoned>()?.timestamp());
            }
            let local = text.parse::<DateTime>()?;
            Ok::<_, jiff::Error>(local.to_zoned(TimeZone::UTC)?.timestamp())
        });
        // PostgreSQL stores microseconds.
        let moment = moment.map_err(|_| wrong())?.as_microsecond();
        let moment = Timestamp::from_microsecond(moment).map_err(|_| wrong())?;
        let is_storable = moment >= Timestamp::UNIX_EPOCH;
        is_storable.then_some(Self(moment)).ok_or_else(wrong)
    }
}

/// For fields that may be absent or null: `None`, `Some(None)`.
fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A new event.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct EventRequest {
    /// The name
    #[schema(value_type = String, max_length = 200, example = "Rock Concert")]
    pub(crate) name: Name,
    /// A description
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 5000, example = "An evening in the park")]
    pub(crate) description: Description,
    /// Start, RFC 3339; without an offset it is UTC
    #[schema(value_type = String, format = "date-time", example = "2030-07-10T19:30:00Z")]
    pub(crate) date_time: Moment,
    /// Time zone in which pages show the start, an IANA name
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    pub(crate) time_zone: Option<ZoneName>,
    /// The venue
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200, example = "Waldbühne, Berlin")]
    pub(crate) venue: Option<Name>,
    /// Number of tickets
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000, example = 1000)]
    pub(crate) total_tickets: Units,
    /// Price of a ticket; zero is free
    #[schema(value_type = f64, minimum = 0.0, example = 75.5)]
    pub(crate) ticket_price: Amount,
    /// The price's currency, ISO 4217
    #[serde(default = "usd")]
    #[schema(value_type = Option<String>, example = "USD")]
    pub(crate) currency: Currency,
    /// Start of sales
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub(crate) sales_start: Option<Moment>,
    /// End of sales; sales also close some time before the event
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub(crate) sales_end: Option<Moment>,
    /// Maximum number of tickets per user; absent: no limit
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000)]
    pub(crate) max_tickets_per_user: Option<Units>,
}

fn usd() -> Currency {
    Currency::USD
}

/// Fields of an event to change.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct EventChangeRequest {
    /// The name
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200, example = "Rock Concert")]
    pub(crate) name: Option<Name>,
    /// A description
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 5000)]
    pub(crate) description: Option<Description>,
    /// Start, RFC 3339; without an offset it is UTC
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "date-time", example = "2030-07-10T19:30:00Z")]
    pub(crate) date_time: Option<Moment>,
    /// Time zone in which pages show the start, an IANA name; null: none
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    pub(crate) time_zone: Option<Option<ZoneName>>,
    /// The venue; null: none
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, max_length = 200, example = "Waldbühne, Berlin")]
    pub(crate) venue: Option<Option<Name>>,
    /// Number of tickets, at least as many as are held and sold
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000, example = 1000)]
    pub(crate) total_tickets: Option<Units>,
    /// Price of a ticket, for new bookings
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0.0, example = 75.5)]
    pub(crate) ticket_price: Option<Amount>,
    /// The price's currency, ISO 4217; it cannot be changed, because all sales are counted in it
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "USD")]
    pub(crate) currency: Option<Currency>,
    /// Start of sales; null: no start
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub(crate) sales_start: Option<Option<Moment>>,
    /// End of sales; null: when sales close before the event
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub(crate) sales_end: Option<Option<Moment>>,
    /// Maximum number of tickets per user, for new bookings; null: no limit
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000)]
    pub(crate) max_tickets_per_user: Option<Option<Units>>,
}

/// An event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventView {
    /// The event's id
    pub(crate) id: Uuid,
    /// The name
    #[schema(example = "Rock Concert")]
    pub(crate) name: String,
    /// A description
    pub(crate) description: String,
    /// Start of the event
    pub(crate) date_time: Timestamp,
    /// Time zone in which pages show the start, an IANA name
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    pub(crate) time_zone: Option<ZoneName>,
    /// The venue
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Waldbühne, Berlin")]
    pub(crate) venue: Option<String>,
    /// Number of tickets
    #[schema(example = 1000)]
    pub(crate) total_tickets: i32,
    /// Price of a ticket
    #[schema(value_type = f64, example = 75.5)]
    pub(crate) ticket_price: Amount,
    /// The price's currency, ISO 4217
    #[schema(value_type = String, example = "USD")]
    pub(crate) currency: Currency,
    /// Start of sales
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sales_start: Option<Timestamp>,
    /// End of sales
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sales_end: Option<Timestamp>,
    /// Maximum number of tickets per user
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>)]
    pub(crate) max_tickets_per_user: Option<Units>,
    /// Creation time
    pub(crate) created_at: Timestamp,
    /// Time of the last change
    pub(crate) updated_at: Timestamp,
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        Self {
            id: event.id,
            name: event.name,
            description: event.description,
            date_time: event.starts_at,
            time_zone: event.time_zone,
            venue: event.venue,
            total_tickets: event.total_tickets,
            ticket_price: event.price.amount(),
            currency: event.price.currency(),
            sales_start: event.sales.from,
            sales_end: event.sales.until,
            max_tickets_per_user: event.tickets_per_user,
            created_at: event.created_at,
            updated_at: event.updated_at,
        }
    }
}

/// Statistics of an event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatisticsView {
    /// The event's id
    pub(crate) event_id: Uuid,
    /// Tickets of confirmed bookings
    #[schema(example = 250)]
    pub(crate) total_sold: i64,
    /// Price of the tickets sold
    #[schema(value_type = f64, example = 18875.0)]
    pub(crate) estimated_revenue: Revenue,
    /// The revenue's currency, ISO 4217
    #[schema(value_type = String, example = "USD")]
    pub(crate) currency: Currency,
    /// Tickets neither held nor sold
    #[schema(example = 750)]
    pub(crate) available_tickets: i32,
}

/// The sum of many bookings, as a JSON number; it may exceed the range of an [`Amount`].
#[derive(Debug)]
pub(crate) struct Revenue {
    pub(crate) minor: i64,
    pub(crate) currency: Currency,
}

impl Serialize for Revenue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The decimal text parses to the nearest double, whose shortest text is that decimal again.
        let number = self.currency.decimal(self.minor).parse();
        serializer.serialize_f64(number.map_err(serde::ser::Error::custom)?)
    }
}
