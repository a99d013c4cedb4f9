//! Simple orders: seats by count on a flight, not paid here.

use actix_web::HttpResponse;
use actix_web::web::{Data, ReqData};
use domain::{Amount, BookingId, Currency, FlightId, Units};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use service_core::caller::Caller;
use service_core::idempotency::Replayable;
use service_http::Problem;
use service_http::extract::{IdempotencyKey, Json};
use utoipa::ToSchema;

use crate::app::bookings::by_count::shown_text;
use crate::http::Services;
use crate::http::call_context;
use crate::http::check_may_sell_to;
use crate::http::travelers::{self, TravelerBody};
use crate::model::actor::Actor;
use crate::model::booking::{Booking, Channel, Leg, NewBooking};
use crate::routes::created::created;
use crate::routes::refusals::OrderRefusals;

/// A new simple order.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct SimpleOrderRequest {
    /// The flight's id
    #[schema(value_type = i64, example = 1)]
    flight_id: FlightId,
    /// The customer
    #[schema(example = 7)]
    customer_id: i64,
    /// Number of seats
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000, example = 1)]
    seats: Units,
    /// The travelers: none, or one per seat
    #[serde(default)]
    travelers: Vec<TravelerBody>,
}

/// A simple order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SimpleOrderView {
    /// The order's id
    #[schema(value_type = i64, example = 1)]
    id: BookingId,
    /// The flight's id
    #[schema(value_type = i64, example = 1)]
    flight_id: FlightId,
    /// The customer
    #[schema(example = 7)]
    customer_id: i64,
    /// Number of seats
    #[schema(value_type = i64, example = 1)]
    seats: Units,
    /// The price of all seats
    #[schema(value_type = f64, example = 8500.0)]
    total_amount: Amount,
    /// The total's currency, ISO 4217
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "INR")]
    currency: Option<Currency>,
    /// `confirmed`, or `cancelled` if it was ended later
    #[schema(example = "confirmed")]
    status: &'static str,
    /// Creation time
    created_at: Timestamp,
    /// The travelers
    #[serde(skip_serializing_if = "Vec::is_empty")]
    travelers: Vec<TravelerBody>,
}

/// Order seats on a flight. The order is complete when accepted.
#[utoipa::path(
    post, path = "/api/orders", tag = "orders", operation_id = "create_simple_order",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request idempotent")),
    request_body = SimpleOrderRequest,
    responses((status = 201, description = "The order", body = SimpleOrderView), OrderRefusals)
)]
pub(crate) async fn create(
    services: Data<Services>,
    key: IdempotencyKey,
    caller: ReqData<Caller>,
    actor: Actor,
    request: Json<SimpleOrderRequest>,
) -> Result<HttpResponse, Problem> {
    let key = key.of(&request.body)?;
    let body = request.body;
    let user = body.customer_id.to_string();
    check_may_sell_to(&caller, "customer_id", &user)?;
    let new = NewBooking {
        channel: Channel::Simple,
        actor,
        user,
        flight_ref: body.flight_id.to_string(),
        legs: vec![Leg {
            flight: body.flight_id,
            units: body.seats,
            seats: Vec::new(),
        }],
        date: None,
        payment_type: "none".to_owned(),
        expected_total: None,
        travelers: travelers::parse(body.travelers, body.seats)?,
        key,
    };
    let Replayable {
        value: booking,
        replayed,
    } = services.simple_orders.create(new, call_context()).await?;
    let location = format!("/api/orders/{}", booking.id);
    Ok(created(&view(&booking)?, &location, replayed))
}

pub(crate) fn view(booking: &Booking) -> Result<SimpleOrderView, Problem> {
    let leg = booking.legs.first();
    let leg = leg.ok_or_else(|| Problem::internal("an order has no flight"))?;
    Ok(SimpleOrderView {
        id: booking.id,
        flight_id: leg.flight,
        // This channel's customers are integers, so a stored one parses.
        customer_id: booking.user.parse().map_err(Problem::internal)?,
        seats: leg.units,
        total_amount: booking.amount(),
        currency: booking.currency(),
        status: shown_text(booking),
        created_at: booking.created_at,
        travelers: travelers::bodies(booking),
    })
}
