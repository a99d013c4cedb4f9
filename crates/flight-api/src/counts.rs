//! Seats by count: validate, decrement, increment.

use domain::{Amount, Currency, FlightId, RefusalCode, Units};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A number of seats on a flight, for validate, decrement and increment.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SeatsRequest {
    /// Id of the flight.
    #[schema(value_type = i64, example = 1)]
    pub flight_id: FlightId,
    /// Number of seats, 1 to 1,000,000.
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000, example = 2)]
    pub seats: Units,
    /// Local date of departure.
    #[schema(example = "2024-02-15")]
    pub date: Date,
}

/// Whether seats can be sold now.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Validation {
    /// Whether they can.
    pub valid: bool,
    /// Total price of the seats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, example = 17000.0)]
    pub price: Option<Amount>,
    /// ISO 4217 code of the price's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "INR")]
    pub currency: Option<Currency>,
    /// Number of free seats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 130)]
    pub available_seats: Option<i32>,
    /// Why they can't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The reason as a stable code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "sold_out")]
    pub code: Option<RefusalCode>,
}

/// The result of a decrement or an increment.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SeatsAnswer {
    /// The result in words.
    pub message: String,
    /// Id of the flight.
    #[schema(value_type = i64, example = 1)]
    pub flight_id: FlightId,
    /// Number of seats taken or returned.
    #[schema(value_type = i64, example = 2)]
    pub seats: Units,
    /// Local date of departure.
    pub date: Date,
    /// Free seats right afterwards.
    #[schema(example = 128)]
    pub available_seats: i32,
    /// When the change was made.
    pub updated_at: Timestamp,
}
