//! Events: made, listed, looked up, changed, deleted, counted.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use domain::{Amount, Currency, Units};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use service_kit::extract::{Id, Json, Query};
use service_kit::{Problem, respond};
use utoipa::ToSchema;
use uuid::Uuid;

use super::bare_list::ListPart;
use super::openapi::{
    EventDeleteRefusals, EventLookupRefusals, EventRefusals, EventResizeRefusals, ListRefusals,
};
use crate::app::events::{Event, EventChange, Events, NewEvent, SalesWindow};
use crate::app::text::{Description, Name};

/// A moment as clients write it: with an offset from UTC, or without one where it is UTC.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Moment(Timestamp);

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || "is not a time such as 2030-07-10T19:30:00Z".to_owned();
        let moment = text.parse::<Timestamp>().or_else(|_| {
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
fn nullable<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<Moment>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// An event to be made.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct EventRequest {
    /// What it is called
    #[schema(value_type = String, max_length = 200, example = "Rock Concert")]
    name: Name,
    /// What is said about it
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 5000, example = "An evening in the park")]
    description: Description,
    /// When it begins, RFC 3339; without an offset it is UTC
    #[schema(value_type = String, format = "date-time", example = "2030-07-10T19:30:00Z")]
    date_time: Moment,
    /// All of its tickets
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000, example = 1000)]
    total_tickets: Units,
    /// What one ticket costs; zero: nothing
    #[schema(value_type = f64, minimum = 0.0, example = 75.5)]
    ticket_price: Amount,
    /// In which currency, ISO 4217
    #[serde(default = "usd")]
    #[schema(value_type = Option<String>, example = "USD")]
    currency: Currency,
    /// From when on tickets are sold
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "date-time")]
    sales_start: Option<Moment>,
    /// Until when tickets are sold; sales also close some time before the event
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "date-time")]
    sales_end: Option<Moment>,
}

fn usd() -> Currency {
    Currency::USD
}

/// What is to change of an event.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct EventChangeRequest {
    /// What it is called
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200, example = "Rock Concert")]
    name: Option<Name>,
    /// What is said about it
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 5000)]
    description: Option<Description>,
    /// When it begins
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "date-time", example = "2030-07-10T19:30:00Z")]
    date_time: Option<Moment>,
    /// All of its tickets, as many as are held and sold or more
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000, example = 1000)]
    total_tickets: Option<Units>,
    /// What one ticket costs to those who book from now on
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0.0, example = 75.5)]
    ticket_price: Option<Amount>,
    /// In which currency, ISO 4217
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "USD")]
    currency: Option<Currency>,
    /// From when on tickets are sold; null: from the beginning
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, format = "date-time")]
    sales_start: Option<Option<Moment>>,
    /// Until when tickets are sold; null: until sales close before the event
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, format = "date-time")]
    sales_end: Option<Option<Moment>>,
}

/// An event.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventView {
    /// The event's id
    id: Uuid,
    /// What it is called
    #[schema(example = "Rock Concert")]
    name: String,
    /// What is said about it
    description: String,
    /// When it begins
    date_time: Timestamp,
    /// All of its tickets
    #[schema(example = 1000)]
    total_tickets: i32,
    /// What one ticket costs
    #[schema(value_type = f64, example = 75.5)]
    ticket_price: Amount,
    /// In which currency, ISO 4217
    #[schema(value_type = String, example = "USD")]
    currency: Currency,
    /// From when on tickets are sold
    #[serde(skip_serializing_if = "Option::is_none")]
    sales_start: Option<Timestamp>,
    /// Until when tickets are sold
    #[serde(skip_serializing_if = "Option::is_none")]
    sales_end: Option<Timestamp>,
    /// When it was made
    created_at: Timestamp,
    /// When it was last changed
    updated_at: Timestamp,
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        Self {
            id: event.id,
            name: event.name,
            description: event.description,
            date_time: event.starts_at,
            total_tickets: event.total_tickets,
            ticket_price: event.price,
            currency: event.currency,
            sales_start: event.sales.from,
            sales_end: event.sales.until,
            created_at: event.created_at,
            updated_at: event.updated_at,
        }
    }
}

/// What an event's bookings add up to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StatisticsView {
    /// The event
    event_id: Uuid,
    /// Tickets of confirmed bookings
    #[schema(example = 250)]
    total_sold: i64,
    /// What they were sold for
    #[serde(serialize_with = "hundredths")]
    #[schema(value_type = f64, example = 18875.0)]
    estimated_revenue: i64,
    /// Tickets that are neither held nor sold
    #[schema(example = 750)]
    available_tickets: i32,
}

/// Hundredths as a number with two decimals; many bookings may come to more than an [`Amount`] can be.
fn hundredths<S: Serializer>(minor: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    // The decimal text parses to the nearest double, whose shortest text is that decimal again.
    let number = format!("{}.{:02}", minor / 100, minor % 100).parse();
    serializer.serialize_f64(number.map_err(serde::ser::Error::custom)?)
}

/// Make an event and its tickets.
#[utoipa::path(
    post, path = "/api/v1/events", tag = "events",
    request_body = EventRequest,
    responses((status = 201, description = "The event", body = EventView), EventRefusals)
)]
pub(super) async fn create(
    events: Data<Events>,
    request: Json<EventRequest>,
) -> Result<HttpResponse, Problem> {
    let body = request.body;
    let moment = |moment: Option<Moment>| moment.map(|moment| moment.0);
    let new = NewEvent {
        name: body.name,
        description: body.description,
        starts_at: body.date_time.0,
        total_tickets: body.total_tickets,
        price: body.ticket_price,
        currency: body.currency,
        sales: SalesWindow {
            from: moment(body.sales_start),
            until: moment(body.sales_end),
        },
    };
    let event = events.create(&new).await?;
    let location = format!("/api/v1/events/{}", event.id);
    let mut response = respond::json(StatusCode::CREATED, &EventView::from(event));
    if let Ok(location) = location.parse() {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// All events, in the order in which they were made.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "events",
    params(ListPart),
    responses(
        (status = 200, description = "Up to a hundred; the `Link` header says where more are", body = Vec<EventView>),
        ListRefusals
    )
)]
pub(super) async fn list(
    events: Data<Events>,
    part: Query<ListPart>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let found = events.list(part.0.after, part.0.look_for()?).await?;
    let views: Vec<EventView> = found.into_iter().map(EventView::from).collect();
    Ok(part.0.answer(&request, views, |event| event.id))
}

/// Look an event up.
#[utoipa::path(
    get, path = "/api/v1/events/{id}", tag = "events",
    params(("id" = Uuid, Path, description = "The event's id")),
    responses((status = 200, description = "The event", body = EventView), EventLookupRefusals)
)]
pub(super) async fn show(events: Data<Events>, id: Id<Uuid>) -> Result<HttpResponse, Problem> {
    Ok(respond::ok(&EventView::from(events.find(id.0).await?)))
}

/// Change an event: any of its fields. Bookings keep the price that they were made at.
#[utoipa::path(
    put, path = "/api/v1/events/{id}", tag = "events",
    params(("id" = Uuid, Path, description = "The event's id")),
    request_body = EventChangeRequest,
    responses(
        (status = 200, description = "The event as it is now", body = EventView),
        EventLookupRefusals, EventRefusals, EventResizeRefusals
    )
)]
pub(super) async fn change(
    events: Data<Events>,
    id: Id<Uuid>,
    request: Json<EventChangeRequest>,
) -> Result<HttpResponse, Problem> {
    let body = request.body;
    let moment = |moment: Option<Moment>| moment.map(|moment| moment.0);
    let change = EventChange {
        name: body.name,
        description: body.description,
        starts_at: moment(body.date_time),
        total_tickets: body.total_tickets,
        price: body.ticket_price,
        currency: body.currency,
        sales_from: body.sales_start.map(moment),
        sales_until: body.sales_end.map(moment),
    };
    let event = events.change(id.0, &change).await?;
    Ok(respond::ok(&EventView::from(event)))
}

/// Delete an event that nobody has tickets to.
#[utoipa::path(
    delete, path = "/api/v1/events/{id}", tag = "events",
    params(("id" = Uuid, Path, description = "The event's id")),
    responses((status = 204, description = "It is gone"), EventDeleteRefusals)
)]
pub(super) async fn delete(events: Data<Events>, id: Id<Uuid>) -> Result<HttpResponse, Problem> {
    events.delete(id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What an event's bookings add up to, at one moment.
#[utoipa::path(
    get, path = "/api/v1/events/{id}/statistics", tag = "events",
    params(("id" = Uuid, Path, description = "The event's id")),
    responses((status = 200, description = "The statistics", body = StatisticsView), EventLookupRefusals)
)]
pub(super) async fn statistics(
    events: Data<Events>,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let statistics = events.statistics(id.0).await?;
    Ok(respond::ok(&StatisticsView {
        event_id: id.0,
        total_sold: statistics.sold_units,
        estimated_revenue: statistics.revenue_minor,
        available_tickets: statistics.free_units,
    }))
}
