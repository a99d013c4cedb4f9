//! Parses requests for bookings by count.

use domain::{Amount, FlightId, Legs, Units, Verbatim};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use service_core::caller::Caller;
use service_http::Problem;
use service_http::extract::{IdempotencyKey, Json};
use utoipa::ToSchema;

use crate::http::problem::no_itinerary;
use crate::http::travelers::{self, TravelerBody};
use crate::model::actor::Actor;
use crate::model::booking::{Channel, Leg, NewBooking};

/// Long before any flight, and within PostgreSQL's range.
const EARLIEST_DATE: Date = jiff::civil::date(1, 1, 1);

/// A new booking by count.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct BookingRequest {
    /// The user who books
    #[schema(example = 1)]
    user_id: i64,
    /// The flight's id; or `flight_ids`
    #[serde(default)]
    #[schema(value_type = Option<i64>, example = 1)]
    flight_id: Option<FlightId>,
    /// The flights of an itinerary, in order, booked all or nothing; instead of `flight_id`
    #[serde(default)]
    #[schema(value_type = Vec<i64>, max_items = 4)]
    flight_ids: Vec<FlightId>,
    /// Number of seats on each flight
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000, example = 2)]
    seats: Units,
    /// Local departure date of the first flight
    #[schema(example = "2024-02-15")]
    date: Date,
    /// Payment method: `credit_card`, `debit_card`, `upi` or `net_banking`
    #[serde(default = "credit_card")]
    #[schema(example = "credit_card", max_length = 64)]
    payment_type: String,
    /// The total that the customer was shown; if it has changed, nothing is booked
    #[serde(default)]
    #[schema(value_type = Option<f64>, example = 17000.0)]
    expected_total: Option<Amount>,
    /// The travelers: none, or one per seat
    #[serde(default)]
    travelers: Vec<TravelerBody>,
}

fn credit_card() -> String {
    "credit_card".to_owned()
}

/// Parses the request, or names the field in error.
pub(crate) fn new_booking(
    request: Json<BookingRequest>,
    key: &IdempotencyKey,
    caller: &Caller,
    actor: Actor,
) -> Result<NewBooking, Problem> {
    let key = key.of(&request.body)?;
    let body = request.body;
    let user = body.user_id.to_string();
    caller.check_names_self("user_id", &user)?;
    let flights = match (body.flight_id, body.flight_ids) {
        (Some(flight), flights) if flights.is_empty() => vec![flight],
        (None, flights) if !flights.is_empty() => flights,
        (None, _) => return Err(Problem::invalid_field("flight_id", "required")),
        (Some(_), _) => {
            let detail = "name flight_id or flight_ids, not both";
            return Err(Problem::invalid_field("flight_ids", detail));
        }
    };
    let flights = Legs::try_from(flights)
        .map_err(|broken| no_itinerary("flight_ids", broken.code(), broken.to_string()))?;
    // payment-service would refuse any other, and the booking could be neither paid nor refused.
    let payment_type = Verbatim::<1, 64>::try_from(body.payment_type)
        .map_err(|error| Problem::invalid_field("payment_type", error.0))?;
    if body.date < EARLIEST_DATE {
        let detail = format!("must not be before {EARLIEST_DATE}");
        return Err(Problem::invalid_field("date", detail));
    }
    let legs = flights.iter().map(|flight| Leg {
        flight: *flight,
        units: body.seats,
        seats: Vec::new(),
    });
    Ok(NewBooking {
        channel: Channel::Count,
        actor,
        user,
        flight_ref: flights.first().map(ToString::to_string).unwrap_or_default(),
        legs: legs.collect(),
        date: Some(body.date),
        payment_type: payment_type.into(),
        expected_total: body.expected_total,
        travelers: travelers::parse(body.travelers, body.seats)?,
        key,
    })
}
