//! Seat maps and their changes.

use domain::SeatNumber;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The seats of a flight.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SeatMap {
    /// The flight as requested: its id or its number.
    #[schema(example = "FL123")]
    pub flight_id: String,
    /// Incremented by each change of the flight's seats.
    pub version: i64,
    /// Seats by row and number; empty on a flight without a seat map.
    pub seats: Vec<Seat>,
}

/// Availability of a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum SeatStatus {
    /// Free for sale.
    Available,
    /// Part of a hold.
    Reserved,
    /// Sold.
    Booked,
}

/// A seat with its availability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Seat {
    /// Id of the seat: the flight's id and the seat number.
    #[schema(example = "17-A1")]
    pub seat_id: String,
    /// The flight as requested.
    #[schema(example = "FL123")]
    pub flight_id: String,
    /// Seat number.
    #[schema(value_type = String, example = "A1")]
    pub seat_number: SeatNumber,
    /// Availability.
    pub status: SeatStatus,
    /// The owner of the hold, such as a booking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved_by: Option<String>,
    /// The user, if the owner names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved_at: Option<Timestamp>,
}

/// An event of the seat stream: all seats first, then changed ones.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SeatChanges {
    /// The version after these changes; also the event's id.
    pub version: i64,
    /// Whether these are all seats of the flight.
    pub complete: bool,
    /// All or changed seats.
    pub seats: Vec<Seat>,
}
