//! A booking's life as a pure state machine, the same for every channel.
//!
//! | state | event | next state | tasks left |
//! | --- | --- | --- | --- |
//! | Pending | Held, paid at once or queued | Paying(1) | |
//! | | Held, paid later | Held | |
//! | | Held, nothing to pay | Confirmed | confirm |
//! | | HoldRefused | Ended(Failed) | release if it may be held, reverse(1) if paid at once |
//! | | HoldOfLostBooking | Ended(Failed) | release, reverse(1) |
//! | | KeyClosed, paid at once | Ended(Expired) | release |
//! | Held | PayRequested | Paying(1) | |
//! | | SeatsChanged | Held, with a new deadline | |
//! | Paying(n) | Charged, seats sold | Confirmed | |
//! | | Charged, seats pinned | Confirmed | confirm |
//! | | Charged, seats lost | Ended(Failed) | release, reverse(n) |
//! | | Declined, attempts left in the round | Paying(n + 1) | |
//! | | Declined, the round or an on-session attempt ends | PaymentFailed(n) | |
//! | | Declined, last attempt | Ended(Failed) | release |
//! | | Declined past the deadline, KeyClosed | Ended(Expired) | release |
//! | | ChargeRefused | Ended(Failed) | release, reverse(n) |
//! | | PinRefused | Ended(Expired) | release, reverse(n) |
//! | | DeadlinePassed, queued | Ended(Expired) | release, reverse(n) |
//! | PaymentFailed(n) | PayRequested, attempts left | Paying(n + 1) | |
//! | Confirmed | Sold | Confirmed | |
//! | | CancelRequested, HoldLost | Ended(Cancelled) | release, reverse(n) if charged |
//! | Ended | Released, Reversed | Ended | the others |
//! | Pending, Held, PaymentFailed | DeadlinePassed | Ended(Expired) | release |
//! | Pending, Held, PaymentFailed, Paying(n) | CancelRequested | Ended(Cancelled) | release, reverse(n) if Paying |
//! | Pending, Held, Paying(n) | Abandoned | Ended(Failed) | release, reverse(n) if Paying |
//!
//! Every other event is refused.
//!
//! The commit that creates a booking paid at once covers its first attempt. A worker may charge such a booking
//! while its row still says Pending, so every end of it reverses the first attempt, unless its maker alone was
//! refused the hold.
//!
//! A [`BookingState`] is the content of a booking's row: its [`State`], and what remains to be done about its
//! seats and its money (compensation). [`BookingState::apply`] returns the state after an [`Event`], or refuses
//! the event. [`BookingState::next`] returns the one action due now. The action depends on the row alone, not
//! on the event that led there, so a worker that takes over after a crash does what the crashed one would have
//! done.
//!
//! The customer sees [`BookingState::public_status`]. It follows the state, except that an end shows only once
//! the seats are free again.
//!
//! This crate does no I/O, reads no clock and knows no seats, prices or names.

#![warn(missing_docs)]

mod events;
mod state;

pub use events::{ChargedSeats, Event, Refused};
pub use state::{
    Action, BookingState, MoneyTask, Outcome, Payment, PaymentPolicy, SeatTask, State,
};
