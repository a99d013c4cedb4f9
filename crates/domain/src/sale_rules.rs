//! The rules of sale: itineraries, cutoffs, and limits on what one customer may hold. Each is written once,
//! for search, bookings, orders, tickets and pages.
//!
//! Deliberately absent: availability, which the inventory decides, and whom a rule applies to, which the
//! services know.

mod cutoff;
pub mod holding;
pub mod itinerary;
mod sales_policy;

pub use cutoff::Cutoff;
pub use sales_policy::SalesPolicy;
