//! Answers to adjustments of the seat count.

use flight_api::{SeatsAnswer, SeatsRequest};
use inventory::{Adjusted, Direction};

/// The API's answer to an adjustment.
pub fn adjusted(request: &SeatsRequest, direction: Direction, made: Adjusted) -> SeatsAnswer {
    let message = match direction {
        Direction::Take => format!("{} seats taken", request.seats),
        Direction::GiveBack => format!("{} seats given back", request.seats),
    };
    SeatsAnswer {
        message,
        flight_id: request.flight_id,
        seats: request.seats,
        date: request.date,
        available_seats: made.free_after,
        updated_at: made.applied_at,
    }
}
