//! Parses requests for orders.

use std::collections::HashSet;

use domain::sale_rules::holding::SEATS_MAX;
use domain::{FlightId, Legs, PaymentType, SeatNumber, Units, Verbatim};
use serde::{Deserialize, Serialize};
use service_core::caller::Caller;
use service_core::idempotency::RequestKey;
use service_http::Problem;
use service_http::extract::{IdempotencyKey, Json};
use utoipa::ToSchema;

use crate::app::bookings::orders::{SeatChoice, is_payment_code, legs};
use crate::http::problem::no_itinerary;
use crate::http::travelers::{self, TravelerBody};
use crate::model::actor::Actor;
use crate::model::booking::{Channel, NewBooking, Traveler};

/// A new order with chosen seats.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderRequest {
    /// The user who orders
    #[schema(example = "alice", min_length = 1, max_length = 255)]
    user_id: String,
    /// The seats; or `legs`
    #[serde(default)]
    #[schema(value_type = Vec<String>, example = json!(["A1", "A2"]))]
    seats: Vec<SeatNumber>,
    /// Flights and seats of an itinerary, in order; instead of `seats`
    #[serde(default)]
    #[schema(max_items = 4)]
    legs: Vec<LegRequest>,
    /// Payment method: `credit_card`, `debit_card`, `upi` or `net_banking`
    #[serde(default, rename = "payment_type")]
    #[schema(example = "credit_card")]
    payment_type: PaymentType,
    /// The travelers: none, or one per seat
    #[serde(default)]
    travelers: Vec<TravelerBody>,
}

/// Seats on one flight of an itinerary.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct LegRequest {
    /// The flight's id
    #[schema(value_type = i64, example = 1)]
    pub(crate) flight_id: FlightId,
    /// The seats
    #[schema(value_type = Vec<String>, min_items = 1, example = json!(["A1"]))]
    pub(crate) seats: Vec<SeatNumber>,
}

/// New seats for an order.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SeatsRequest {
    /// The seats of an order for one flight; or `legs`
    #[serde(default)]
    #[schema(value_type = Vec<String>, example = json!(["B1"]))]
    seats: Vec<SeatNumber>,
    /// The seats on each flight of an itinerary; instead of `seats`
    #[serde(default)]
    legs: Vec<LegRequest>,
}

/// The payment of an order.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaymentRequest {
    /// Five digits
    #[schema(example = "12345", pattern = "^[0-9]{5}$")]
    payment_code: String,
}

/// A parsed order without the flight of its path.
pub(crate) struct Draft {
    user: String,
    seats: Vec<SeatNumber>,
    legs: Vec<LegRequest>,
    payment_type: PaymentType,
    travelers: Vec<Traveler>,
    key: Option<RequestKey>,
}

/// Parses the request, or names the field in error.
pub(crate) fn draft(
    request: Json<OrderRequest>,
    key: &IdempotencyKey,
    caller: &Caller,
) -> Result<Draft, Problem> {
    let key = key.of(&request.body)?;
    let body = request.body;
    let user = body.user_id.trim();
    Verbatim::<1, 255>::try_from(user.to_owned())
        .map_err(|error| Problem::invalid_field("userId", error.0))?;
    caller.check_names_self("userId", user)?;
    let count = match (body.seats.is_empty(), body.legs.is_empty()) {
        (true, true) => return Err(Problem::invalid_field("seats", "must name a seat")),
        (false, false) => {
            return Err(Problem::invalid_field(
                "legs",
                "name seats or legs, not both",
            ));
        }
        (false, true) => check_seats("seats", &body.seats)?,
        (true, false) => check_legs(&body.legs)?,
    };
    let travelers = travelers::parse(body.travelers, count)?;
    Ok(Draft {
        user: user.to_owned(),
        seats: body.seats,
        legs: body.legs,
        payment_type: body.payment_type,
        travelers,
        key,
    })
}

impl Draft {
    /// Adds the flight of the path.
    pub(crate) fn on(
        self,
        flight: FlightId,
        flight_ref: String,
        actor: Actor,
    ) -> Result<NewBooking, Problem> {
        let seats = if self.legs.is_empty() {
            vec![(flight, self.seats)]
        } else {
            let chosen = self.legs.into_iter().map(|leg| (leg.flight_id, leg.seats));
            chosen.collect()
        };
        if seats.first().is_some_and(|(first, _)| *first != flight) {
            let detail = "must be the flight of the path";
            return Err(Problem::invalid_field("legs/0/flight_id", detail));
        }
        let legs = legs(seats).ok_or_else(|| Problem::internal("a leg has no seats"))?;
        Ok(NewBooking {
            channel: Channel::Seats,
            actor,
            user: self.user,
            flight_ref,
            legs,
            date: None,
            payment_type: self.payment_type.as_str().to_owned(),
            expected_total: None,
            travelers: self.travelers,
            key: self.key,
        })
    }
}

/// Parses the new seats, or names the field in error.
pub(crate) fn seats(request: SeatsRequest) -> Result<SeatChoice, Problem> {
    match (request.seats.is_empty(), request.legs.is_empty()) {
        (true, true) => Err(Problem::invalid_field("seats", "must name a seat")),
        (false, false) => Err(Problem::invalid_field(
            "legs",
            "name seats or legs, not both",
        )),
        (false, true) => {
            check_seats("seats", &request.seats)?;
            Ok(SeatChoice::OfOneFlight(request.seats))
        }
        (true, false) => {
            check_legs(&request.legs)?;
            let legs = request.legs.into_iter();
            let chosen = legs.map(|leg| (leg.flight_id, leg.seats));
            Ok(SeatChoice::ByFlight(chosen.collect()))
        }
    }
}

/// Parses the payment code.
pub(crate) fn payment_code(request: PaymentRequest) -> Result<String, Problem> {
    let code = request.payment_code;
    if is_payment_code(&code) {
        Ok(code)
    } else {
        Err(Problem::invalid_field("paymentCode", "must be five digits"))
    }
}

/// The number of travelers of an itinerary: the most seats on one flight.
fn check_legs(legs: &[LegRequest]) -> Result<Units, Problem> {
    let flights: Vec<FlightId> = legs.iter().map(|leg| leg.flight_id).collect();
    Legs::try_from(flights)
        .map_err(|broken| no_itinerary("legs", broken.code(), broken.to_string()))?;
    let mut most = Units::ONE;
    for (index, leg) in legs.iter().enumerate() {
        most = most.max(check_seats(&format!("legs/{index}/seats"), &leg.seats)?);
    }
    Ok(most)
}

/// Counts the seats; refuses none, too many and duplicates.
fn check_seats(field: &str, seats: &[SeatNumber]) -> Result<Units, Problem> {
    if !u32::try_from(seats.len()).is_ok_and(|count| count <= SEATS_MAX) {
        let detail = format!("an order has at most {SEATS_MAX} seats on a flight");
        return Err(Problem::invalid_field(field, detail));
    }
    let distinct: HashSet<SeatNumber> = seats.iter().copied().collect();
    if distinct.len() < seats.len() {
        return Err(Problem::invalid_field(field, "names a seat twice"));
    }
    Units::of_len(seats.len()).ok_or_else(|| Problem::invalid_field(field, "must name a seat"))
}
