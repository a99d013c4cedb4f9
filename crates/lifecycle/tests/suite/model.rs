//! A booking's row, its hold at flight-service and its charges at payment-service as one small world,
//! and a walk through everything that may happen in it.
//!
//! A worker does what [`BookingState::next`](lifecycle::BookingState::next) names, request by request, and writes what
//! came of it if the row is still the one that it read. Between any two steps it may be stopped, its
//! request may come late, twice or never, its answer may be lost, others may take the booking over and
//! the customer may cancel it. Holds may lapse, and deadlines pass, at any moment: more than real clocks
//! allow, so what holds here holds with any skew between them. The one thing that never happens: the maker
//! of a booking gets the answer to its request for the hold, and the network delivers that request again.
//!
//! Left out: changes of seats, which alter neither how a hold stands nor the row's life; how long things
//! take; and what the services do to keep their own promises, which their own tests are about.

mod driver;
mod explore;
mod future;
mod laws;
mod services;
mod world;

pub use explore::{Explored, explore};
pub use world::{Claims, Fault, Setting};
