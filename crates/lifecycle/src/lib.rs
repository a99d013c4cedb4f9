//! A booking's life as a pure state machine, the same for every channel.
//!
//! ```text
//! Pending -> Held -> Paying(attempt) -> Confirmed -> Ended(Cancelled)
//!    |        |         |
//!    +--------+---------+--> Ended(Failed | Expired | Cancelled)
//!                       |
//!                       +--> PaymentFailed -> Paying(next) | Ended(Expired | Cancelled)
//! ```
//!
//! A [`BookingState`] is what a booking's row says: its [`State`], and what is left to do about its seats and
//! its money. [`BookingState::apply`] answers an [`Event`] with the next life or refuses it by name.
//! [`BookingState::next`] names the one thing to do now. What is to be done follows from the life alone, not from
//! the event that led there: whoever finds the row after a crash does the same as whoever wrote it would
//! have done.
//!
//! What the customer is told is [`BookingState::shown`]. It follows the state, except that a booking shows its end
//! only when its seats are free again.
//!
//! This crate does no I/O, reads no clock and knows no seats, prices or names.

#![warn(missing_docs)]

mod events;
mod state;

pub use events::{ChargedSeats, Event, Refused};
pub use state::{
    Action, BookingState, MoneyTask, Outcome, Payment, PaymentPolicy, SeatTask, State,
};
