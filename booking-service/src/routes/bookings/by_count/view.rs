//! Response bodies of bookings by count.

use domain::{Amount, BookingId, Currency, FlightId, PaymentId, RefusalCode, Units};
use flight_api::Flight;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use service_http::Problem;
use utoipa::ToSchema;

use crate::app::bookings::by_count::shown_text;
use crate::http::travelers::{self, TravelerBody};
use crate::model::booking::Booking;

/// The outcome of a booking.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BookingAnswer {
    /// The booking's id
    #[schema(value_type = i64, example = 1)]
    pub(crate) booking_id: BookingId,
    /// `confirmed` or `failed`
    #[schema(example = "confirmed")]
    pub(crate) status: &'static str,
    /// The total; zero if no seats could be held
    #[schema(value_type = f64, example = 17000.0)]
    pub(crate) total_amount: Amount,
    /// The total's currency, ISO 4217
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "INR")]
    pub(crate) currency: Option<Currency>,
    /// The charge's id
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub(crate) payment_id: Option<PaymentId>,
    /// A message for people
    pub(crate) message: String,
    /// Why the booking failed, as a stable code
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "sold_out")]
    pub(crate) code: Option<RefusalCode>,
}

/// A booking by count.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BookingView {
    /// The booking's id
    #[schema(value_type = i64, example = 1)]
    pub(crate) id: BookingId,
    /// The user who booked
    #[schema(example = 1)]
    pub(crate) user_id: i64,
    /// The flight's id; of an itinerary, the first flight's
    #[schema(value_type = Option<i64>, example = 1)]
    pub(crate) flight_id: Option<FlightId>,
    /// The ids of all flights, in order
    #[schema(value_type = Vec<i64>)]
    pub(crate) flight_ids: Vec<FlightId>,
    /// Number of seats on each flight
    #[schema(value_type = i64, example = 2)]
    pub(crate) seats: Units,
    /// The total; zero if no seats could be held
    #[schema(value_type = f64, example = 17000.0)]
    pub(crate) total_amount: Amount,
    /// The total's currency, ISO 4217
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "INR")]
    pub(crate) currency: Option<Currency>,
    /// `pending`, `confirmed`, `failed` or `cancelled`
    #[schema(example = "confirmed")]
    pub(crate) status: &'static str,
    /// The charge's id
    #[schema(value_type = Option<uuid::Uuid>)]
    pub(crate) payment_id: Option<PaymentId>,
    /// Local departure date of the first flight
    pub(crate) date: Option<Date>,
    /// Creation time
    pub(crate) created_at: Timestamp,
    /// Why it failed or was cancelled, as a stable code
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) code: Option<RefusalCode>,
    /// Why it failed or was cancelled
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    /// The flight; absent in lists, and if flight-service does not answer
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) flight: Option<Flight>,
    /// The travelers
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) travelers: Vec<TravelerBody>,
}

/// A cancelled booking.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CancelAnswer {
    /// A message for people
    pub(crate) message: String,
    /// The booking's id
    #[schema(value_type = i64, example = 1)]
    pub(crate) booking_id: BookingId,
    /// Time of the cancellation
    pub(crate) cancelled_at: Timestamp,
}

pub(crate) fn view(booking: &Booking, flight: Option<Flight>) -> Result<BookingView, Problem> {
    // This channel's users are integers, so a stored one parses.
    let user_id = booking.user.parse().map_err(Problem::internal)?;
    let status = shown_text(booking);
    let refusal = booking.refusal.clone();
    let refusal = refusal.filter(|_| matches!(status, "failed" | "cancelled"));
    let (code, message) = refusal.map(|one| (one.code, one.message)).unzip();
    let first = booking.legs.first();
    let first = first.ok_or_else(|| Problem::internal("a booking has no flight"))?;
    Ok(BookingView {
        id: booking.id,
        user_id,
        flight_id: Some(first.flight),
        flight_ids: booking.legs.iter().map(|leg| leg.flight).collect(),
        seats: first.units,
        total_amount: booking.amount(),
        currency: booking.currency(),
        status,
        payment_id: booking.payment,
        date: booking.date,
        created_at: booking.created_at,
        code,
        message,
        flight,
        travelers: travelers::bodies(booking),
    })
}
