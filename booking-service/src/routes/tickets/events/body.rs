//! Events as they are sent and answered.

use domain::{Amount, Currency, Units, ZoneName};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::event::Event;
use crate::model::text::{Description, Name};

/// A moment as clients write it: with an offset from UTC, or without one where it is UTC.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(try_from = "String")]
pub(crate) struct Moment(pub(crate) Timestamp);

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || "is not a time such as 2030-07-10T19:30:00Z".to_owned();
        let moment = text.parse::<Timestamp>().or_else(|_| {
            if text.contains('[') {
                // By the clocks of the zone that it names.
                return Ok(text.parse::<Zoned>()?.timestamp());
            }
            let local = text.parse::<DateTime>()?;
            Ok::<_, jiff::Error>(local.to_zoned(TimeZone::UTC)?.timestamp())
        });
        // The database keeps microseconds.
        let moment = moment.map_err(|_| wrong())?.as_microsecond();
        let moment = Timestamp::from_microsecond(moment).map_err(|_| wrong())?;
        let is_storable = moment >= Timestamp::UNIX_EPOCH;
        is_storable.then_some(Self(moment)).ok_or_else(wrong)
    }
}

/// A field that may be left out, and set to nothing.
fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// An event to be made.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct EventRequest {
    /// What it is called
    #[schema(value_type = String, max_length = 200, example = "Rock Concert")]
    pub(crate) name: Name,
    /// What is said about it
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 5000, example = "An evening in the park")]
    pub(crate) description: Description,
    /// When it begins, RFC 3339; without an offset it is UTC
    #[schema(value_type = String, format = "date-time", example = "2030-07-10T19:30:00Z")]
    pub(crate) date_time: Moment,
    /// The zone whose clocks the pages show, an IANA name
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    pub(crate) time_zone: Option<ZoneName>,
    /// Where it is
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200, example = "Waldbühne, Berlin")]
    pub(crate) venue: Option<Name>,
    /// All of its tickets
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000, example = 1000)]
    pub(crate) total_tickets: Units,
    /// What one ticket costs; zero: nothing
    #[schema(value_type = f64, minimum = 0.0, example = 75.5)]
    pub(crate) ticket_price: Amount,
    /// In which currency, ISO 4217
    #[serde(default = "usd")]
    #[schema(value_type = Option<String>, example = "USD")]
    pub(crate) currency: Currency,
    /// From when on tickets are sold
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub(crate) sales_start: Option<Moment>,
    /// Until when tickets are sold; sales also close some time before the event
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub(crate) sales_end: Option<Moment>,
    /// How many tickets one user may have; left out: any number
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000)]
    pub(crate) max_tickets_per_user: Option<Units>,
}

fn usd() -> Currency {
    Currency::USD
}

/// What is to change of an event.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct EventChangeRequest {
    /// What it is called
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200, example = "Rock Concert")]
    pub(crate) name: Option<Name>,
    /// What is said about it
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 5000)]
    pub(crate) description: Option<Description>,
    /// When it begins
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "date-time", example = "2030-07-10T19:30:00Z")]
    pub(crate) date_time: Option<Moment>,
    /// The zone whose clocks the pages show, an IANA name; null: none
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    pub(crate) time_zone: Option<Option<ZoneName>>,
    /// Where it is; null: nowhere in particular
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, max_length = 200, example = "Waldbühne, Berlin")]
    pub(crate) venue: Option<Option<Name>>,
    /// All of its tickets, as many as are held and sold or more
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000, example = 1000)]
    pub(crate) total_tickets: Option<Units>,
    /// What one ticket costs to those who book from now on
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0.0, example = 75.5)]
    pub(crate) ticket_price: Option<Amount>,
    /// In which currency, ISO 4217: only the one that it has, which its sales are counted in
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "USD")]
    pub(crate) currency: Option<Currency>,
    /// From when on tickets are sold; null: from the beginning
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub(crate) sales_start: Option<Option<Moment>>,
    /// Until when tickets are sold; null: until sales close before the event
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub(crate) sales_end: Option<Option<Moment>>,
    /// How many tickets one user may have by bookings from now on; null: any number
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000)]
    pub(crate) max_tickets_per_user: Option<Option<Units>>,
}

/// An event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventView {
    /// The event's id
    pub(crate) id: Uuid,
    /// What it is called
    #[schema(example = "Rock Concert")]
    pub(crate) name: String,
    /// What is said about it
    pub(crate) description: String,
    /// When it begins
    pub(crate) date_time: Timestamp,
    /// The zone whose clocks the pages show, an IANA name
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    pub(crate) time_zone: Option<ZoneName>,
    /// Where it is
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Waldbühne, Berlin")]
    pub(crate) venue: Option<String>,
    /// All of its tickets
    #[schema(example = 1000)]
    pub(crate) total_tickets: i32,
    /// What one ticket costs
    #[schema(value_type = f64, example = 75.5)]
    pub(crate) ticket_price: Amount,
    /// In which currency, ISO 4217
    #[schema(value_type = String, example = "USD")]
    pub(crate) currency: Currency,
    /// From when on tickets are sold
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sales_start: Option<Timestamp>,
    /// Until when tickets are sold
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sales_end: Option<Timestamp>,
    /// How many tickets one user may have
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>)]
    pub(crate) max_tickets_per_user: Option<Units>,
    /// When it was made
    pub(crate) created_at: Timestamp,
    /// When it was last changed
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

/// What an event's bookings add up to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatisticsView {
    /// The event
    pub(crate) event_id: Uuid,
    /// Tickets of confirmed bookings
    #[schema(example = 250)]
    pub(crate) total_sold: i64,
    /// What they were sold for
    #[schema(value_type = f64, example = 18875.0)]
    pub(crate) estimated_revenue: Revenue,
    /// In which currency, ISO 4217
    #[schema(value_type = String, example = "USD")]
    pub(crate) currency: Currency,
    /// Tickets that are neither held nor sold
    #[schema(example = 750)]
    pub(crate) available_tickets: i32,
}

/// What many bookings come to, which may be more than an [`Amount`] can be: a number in JSON.
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
