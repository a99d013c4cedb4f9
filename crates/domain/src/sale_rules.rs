//! The rules of sale: what connects, until when something can be had or given back, and how much one customer
//! may hold. Each stands here once, for search, bookings, orders, tickets and pages alike.
//!
//! Deliberately not here: whether there is any of it left, which the inventory decides, and who is asked to
//! keep a rule at all, which the services know.

mod cutoff;
pub mod holding;
pub mod itinerary;

pub use cutoff::Cutoff;
