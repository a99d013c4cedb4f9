//! Seats by name, and how they change.

use domain::SeatNumber;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A flight's seats.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SeatMap {
    /// The flight, as it was asked for: its id or its number.
    #[schema(example = "FL123")]
    pub flight_id: String,
    /// Rises with each change of the flight's seats.
    pub version: i64,
    /// The seats in row and number order; none on a flight without a seat map.
    pub seats: Vec<Seat>,
}

/// Whether a seat can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum SeatStatus {
    /// Nobody has it.
    Available,
    /// Somebody holds it.
    Reserved,
    /// It is sold.
    Booked,
}

/// A seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Seat {
    /// The seat's id: the flight's id and the seat's number.
    #[schema(example = "17-A1")]
    pub seat_id: String,
    /// The flight, as it was asked for.
    #[schema(example = "FL123")]
    pub flight_id: String,
    /// The seat's number.
    #[schema(value_type = String, example = "A1")]
    pub seat_number: SeatNumber,
    /// Whether it can be had.
    pub status: SeatStatus,
    /// What has it, such as a booking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved_by: Option<String>,
    /// Whose it is, where what has it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved_at: Option<Timestamp>,
}

/// What a seat map's stream says: all seats first, then those that changed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SeatChanges {
    /// The version after these changes; also the event's id.
    pub version: i64,
    /// Whether these are all seats of the flight.
    pub complete: bool,
    /// The seats.
    pub seats: Vec<Seat>,
}
