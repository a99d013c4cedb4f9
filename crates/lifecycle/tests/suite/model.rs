//! A model checker: a booking's row, its hold at flight-service and its charges at payment-service as one small
//! world, and an exhaustive walk through everything that may happen in it.
//!
//! A worker does what [`BookingState::next`](lifecycle::BookingState::next) returns, request by request, and
//! writes the result if the row is still the version that it read (optimistic locking). Between any two steps
//! the worker may stop; a request may arrive late, twice or never; an answer may be lost; others may take the
//! booking over; and the customer may cancel. Holds may expire and deadlines pass at any moment: more than real
//! clocks allow, so the laws hold under any clock skew. One thing never happens: after the maker of a booking
//! got the answer to its hold request, the network delivers that request again.
//!
//! Not modelled: changes of seats, which alter neither the hold's status nor the row's state; durations; and
//! how the services keep their own promises, which their own tests check.

mod driver;
mod explore;
mod future;
mod laws;
mod services;
mod setting;
mod world;

pub use explore::{Explored, explore};
pub use setting::{Claims, Fault, Setting};
