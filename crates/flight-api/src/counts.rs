//! Seats by count: whether they can be sold, taken without a hold, given back.

use domain::{Amount, Currency, FlightId, RefusalCode, Units};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Seats on a flight: what validate, decrement and increment ask for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SeatsRequest {
    /// The flight's id.
    #[schema(value_type = i64, example = 1)]
    pub flight_id: FlightId,
    /// How many seats, 1 to 1,000,000.
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000, example = 2)]
    pub seats: Units,
    /// The flight's local date of departure.
    #[schema(example = "2024-02-15")]
    pub date: Date,
}

/// Whether seats could be sold now.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Validation {
    /// Whether they could.
    pub valid: bool,
    /// The price of all of them together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, example = 17000.0)]
    pub price: Option<Amount>,
    /// The price's currency, ISO 4217.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "INR")]
    pub currency: Option<Currency>,
    /// How many seats are free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 130)]
    pub available_seats: Option<i32>,
    /// Why they could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The same as a stable code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "sold_out")]
    pub code: Option<RefusalCode>,
}

/// What a decrement or an increment did.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SeatsAnswer {
    /// What happened, in words.
    pub message: String,
    /// The flight's id.
    #[schema(value_type = i64, example = 1)]
    pub flight_id: FlightId,
    /// How many seats were taken or given back.
    #[schema(value_type = i64, example = 2)]
    pub seats: Units,
    /// The flight's local date of departure.
    pub date: Date,
    /// How many seats were free right after.
    #[schema(example = 128)]
    pub available_seats: i32,
    /// When it happened.
    pub updated_at: Timestamp,
}
