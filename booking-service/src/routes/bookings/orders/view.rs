//! Orders as they are answered.

use domain::{Amount, Currency, HoldId, PaymentId, RefusalCode, SeatNumber};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::bookings::orders::{seconds_left, status};
use crate::http::travelers::{self, TravelerBody};
use crate::model::booking::Booking;
use crate::routes::bookings::orders::parse::LegRequest;

/// An order that was just made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedOrder {
    /// The order's id
    #[schema(value_type = uuid::Uuid)]
    order_id: HoldId,
    /// The flight, as it was asked for
    #[schema(example = "FL123")]
    flight_id: String,
    /// Who ordered
    #[schema(example = "alice")]
    user_id: String,
    /// The seats
    #[schema(value_type = Vec<String>, example = json!(["A1", "A2"]))]
    seats: Vec<SeatNumber>,
    /// The flights and seats of an itinerary
    #[serde(skip_serializing_if = "Vec::is_empty")]
    legs: Vec<LegRequest>,
    /// `SEATS_RESERVED`, or `FAILED`
    #[schema(example = "SEATS_RESERVED")]
    status: &'static str,
    /// The name of what works on it
    workflow_id: String,
    /// Why it has failed
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<String>,
    /// The same as a stable code
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    code: Option<RefusalCode>,
}

/// An order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderView {
    /// The order's id
    #[schema(value_type = uuid::Uuid)]
    order_id: HoldId,
    /// The flight, as it was asked for
    #[schema(example = "FL123")]
    flight_id: String,
    /// Who ordered
    #[schema(example = "alice")]
    user_id: String,
    /// The seats
    #[schema(value_type = Vec<String>, example = json!(["A1", "A2"]))]
    seats: Vec<SeatNumber>,
    /// The flights and seats of an itinerary
    #[serde(skip_serializing_if = "Vec::is_empty")]
    legs: Vec<LegRequest>,
    /// `CREATED`, `SEATS_RESERVED`, `PAYMENT_PENDING`, `CONFIRMED`, `FAILED`, `EXPIRED` or `CANCELLED`
    #[schema(example = "SEATS_RESERVED")]
    status: &'static str,
    /// Seconds until the seats go back; zero unless they are reserved
    #[schema(example = 899)]
    time_remaining: i64,
    /// When that is
    expires_at: Option<Timestamp>,
    /// Since when the seats are held
    reserved_at: Option<Timestamp>,
    /// How many attempts to pay have been begun
    #[schema(example = 0)]
    payment_attempts: i16,
    /// The price of all seats
    #[schema(value_type = f64, example = 17000.0)]
    total_amount: Amount,
    /// The total's currency, ISO 4217
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "INR")]
    currency: Option<Currency>,
    /// The charge
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<uuid::Uuid>)]
    payment_id: Option<PaymentId>,
    /// Why it has failed
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<String>,
    /// The same as a stable code
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    code: Option<RefusalCode>,
    /// When it was made
    created_at: Timestamp,
    /// Who travels
    #[serde(skip_serializing_if = "Vec::is_empty")]
    travelers: Vec<TravelerBody>,
}

/// An order that was just made, or made before by the same request.
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

/// An order as it stands.
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

/// The legs of an order that has more than one.
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

/// Why an order has failed, if it has: what went wrong on the way is nobody's concern.
fn failure(order: &Booking) -> (Option<RefusalCode>, Option<String>) {
    let has_failed = matches!(status(order), "FAILED" | "EXPIRED" | "CANCELLED");
    let refusal = order.refusal.clone().filter(|_| has_failed);
    refusal.map(|one| (one.code, one.message)).unzip()
}
