//! Response bodies of orders.

use domain::{Amount, Currency, HoldId, PaymentId, RefusalCode, SeatNumber};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::bookings::orders::{seconds_left, status};
use crate::http::travelers::{self, TravelerBody};
use crate::model::booking::Booking;
use crate::routes::bookings::orders::parse::LegRequest;

/// A new order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedOrder {
    /// The order's id
    #[schema(value_type = uuid::Uuid)]
    order_id: HoldId,
    /// The flight as the client named it
    #[schema(example = "FL123")]
    flight_id: String,
    /// The user who ordered
    #[schema(example = "alice")]
    user_id: String,
    /// The seats
    #[schema(value_type = Vec<String>, example = json!(["A1", "A2"]))]
    seats: Vec<SeatNumber>,
    /// Flights and seats of an itinerary
    #[serde(skip_serializing_if = "Vec::is_empty")]
    legs: Vec<LegRequest>,
    /// `SEATS_RESERVED` or `FAILED`
    #[schema(example = "SEATS_RESERVED")]
    status: &'static str,
    /// Id of the workflow that drives the order
    workflow_id: String,
    /// Why it failed
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<String>,
    /// The reason as a stable code
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    code: Option<RefusalCode>,
}

/// An order with chosen seats.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderView {
    /// The order's id
    #[schema(value_type = uuid::Uuid)]
    order_id: HoldId,
    /// The flight as the client named it
    #[schema(example = "FL123")]
    flight_id: String,
    /// The user who ordered
    #[schema(example = "alice")]
    user_id: String,
    /// The seats
    #[schema(value_type = Vec<String>, example = json!(["A1", "A2"]))]
    seats: Vec<SeatNumber>,
    /// Flights and seats of an itinerary
    #[serde(skip_serializing_if = "Vec::is_empty")]
    legs: Vec<LegRequest>,
    /// `CREATED`, `SEATS_RESERVED`, `PAYMENT_PENDING`, `CONFIRMED`, `FAILED`, `EXPIRED` or `CANCELLED`
    #[schema(example = "SEATS_RESERVED")]
    status: &'static str,
    /// Seconds until the hold expires; zero unless seats are reserved
    #[schema(example = 899)]
    time_remaining: i64,
    /// Expiry of the hold
    expires_at: Option<Timestamp>,
    /// Time at which the seats were held
    reserved_at: Option<Timestamp>,
    /// Payment attempts begun so far
    #[schema(example = 0)]
    payment_attempts: i16,
    /// The price of all seats
    #[schema(value_type = f64, example = 17000.0)]
    total_amount: Amount,
    /// The total's currency, ISO 4217
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "INR")]
    currency: Option<Currency>,
    /// The charge's id
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<uuid::Uuid>)]
    payment_id: Option<PaymentId>,
    /// Why it failed
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<String>,
    /// The reason as a stable code
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    code: Option<RefusalCode>,
    /// Creation time
    created_at: Timestamp,
    /// The travelers
    #[serde(skip_serializing_if = "Vec::is_empty")]
    travelers: Vec<TravelerBody>,
}

/// Also for replays of the request.
pub(crate) fn created(order: &Booking) -> CreatedOrder {
    let (code, failure_reason) = failure(order);
    CreatedOrder {
        order_id: order.hold,
        flight_id: order.flight_ref.clone(),
        user_id: order.user.clone(),
        seats: first_seats(order),
        legs: itinerary(order),
        status: status(order),
        workflow_id: format!("order-{}", order.hold),
        failure_reason,
        code,
    }
}

pub(crate) fn order(order: &Booking) -> OrderView {
    let (code, failure_reason) = failure(order);
    let is_held = status(order) == "SEATS_RESERVED";
    OrderView {
        order_id: order.hold,
        flight_id: order.flight_ref.clone(),
        user_id: order.user.clone(),
        seats: first_seats(order),
        legs: itinerary(order),
        status: status(order),
        time_remaining: seconds_left(order, Timestamp::now()),
        expires_at: is_held.then_some(order.deadline_at),
        reserved_at: order.held_at,
        payment_attempts: order.attempts,
        total_amount: order.amount(),
        currency: order.currency(),
        payment_id: order.payment,
        failure_reason,
        code,
        created_at: order.created_at,
        travelers: travelers::bodies(order),
    }
}

fn first_seats(order: &Booking) -> Vec<SeatNumber> {
    let first = order.legs.first();
    first.map(|leg| leg.seats.clone()).unwrap_or_default()
}

/// Only for orders of more than one flight.
fn itinerary(order: &Booking) -> Vec<LegRequest> {
    if order.legs.len() < 2 {
        return Vec::new();
    }
    let legs = order.legs.iter().map(|leg| LegRequest {
        flight_id: leg.flight,
        seats: leg.seats.clone(),
    });
    legs.collect()
}

/// Only for ended orders: refusals before that are not shown.
fn failure(order: &Booking) -> (Option<RefusalCode>, Option<String>) {
    let has_failed = matches!(status(order), "FAILED" | "EXPIRED" | "CANCELLED");
    let refusal = order.refusal.clone().filter(|_| has_failed);
    refusal.map(|one| (one.code, one.message)).unzip()
}
