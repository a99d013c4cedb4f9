//! Holds: seats of one or more flights, all or nothing.

use domain::{Amount, Currency, FlightId, HoldId, HoldStatus, RefusalCode, SeatNumber, Units};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most holds that one call confirms: one batch of the committer.
pub const CONFIRM_LIMIT: usize = 256;

/// Seats to hold on one flight.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HoldLegRequest {
    /// The flight's id.
    #[schema(value_type = i64, example = 1)]
    pub flight_id: FlightId,
    /// How many seats; may be left out where `seats` names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000, example = 2)]
    pub units: Option<Units>,
    /// Which seats; may be left out where any will do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>, example = json!(["A1", "A2"]))]
    pub seats: Vec<SeatNumber>,
    /// The flight's local date of departure, checked if it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "2024-02-15")]
    pub date: Option<Date>,
}

/// Seats to hold for one owner on one or more flights, all or nothing.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HoldRequest {
    /// The hold's id, made by the caller: the same id again gets the same answer.
    #[schema(value_type = Uuid)]
    pub id: HoldId,
    /// For whom.
    #[schema(max_length = 255, example = "booking 1")]
    pub owner: String,
    /// The flights and seats, one to eight.
    #[schema(min_items = 1, max_items = 8)]
    pub legs: Vec<HoldLegRequest>,
    /// Whether the flights, in this order, have to be one itinerary: if they are none, nothing is held.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub itinerary: bool,
    /// When the hold lapses; none means that only its owner may end it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// Seats that a hold has on one flight.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HoldLeg {
    /// The flight's id.
    #[schema(value_type = i64, example = 1)]
    pub flight_id: FlightId,
    /// How many seats.
    #[schema(value_type = i64, example = 2)]
    pub units: Units,
    /// Which seats, on a flight that has a seat map.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub seats: Vec<SeatNumber>,
    /// The price of one seat.
    #[schema(value_type = f64, example = 8500.0)]
    pub price: Amount,
    /// The price's currency, ISO 4217.
    #[serde(deserialize_with = "Currency::deserialize_stored")]
    #[schema(value_type = String, example = "INR")]
    pub currency: Currency,
}

/// A hold as it is answered.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Hold {
    /// The hold's id.
    #[schema(value_type = Uuid)]
    pub id: HoldId,
    /// For whom.
    pub owner: String,
    /// Where it stands.
    pub status: HoldStatus,
    /// The flights and seats; none for a hold that was refused, or released before it came.
    pub legs: Vec<HoldLeg>,
    /// When it lapses; none means that only its owner may end it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// Other seats for a hold.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SeatChangeRequest {
    /// The seats that the hold shall have on each of its flights.
    #[schema(min_items = 1, max_items = 8)]
    pub legs: Vec<SeatChangeLeg>,
    /// When the hold lapses from now on.
    pub expires_at: Timestamp,
    /// Rises with each change of this hold, from 1: a late one is refused, and a refused one is not made
    /// later.
    #[schema(minimum = 1)]
    pub number: i64,
}

/// The seats that a hold shall have on one of its flights.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SeatChangeLeg {
    /// The flight's id.
    #[schema(value_type = i64, example = 17)]
    pub flight_id: FlightId,
    /// The seats.
    #[schema(value_type = Vec<String>, min_items = 1, example = json!(["B1"]))]
    pub seats: Vec<SeatNumber>,
}

/// Holds to be turned into sales.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ConfirmRequest {
    /// The holds, 1 to 256.
    #[schema(value_type = Vec<Uuid>, min_items = 1, max_items = 256)]
    pub ids: Vec<HoldId>,
}

/// What came of confirming holds, in the order in which they were named.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ConfirmAnswer {
    /// One for each hold.
    pub results: Vec<ConfirmResult>,
}

/// What came of confirming one hold.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ConfirmResult {
    /// The hold's id.
    #[schema(value_type = Uuid)]
    pub id: HoldId,
    /// Whether its seats are sold now.
    pub confirmed: bool,
    /// Why not, as a stable code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "hold_released")]
    pub code: Option<RefusalCode>,
}
