//! Bookings of flights through their channels, and the engine that drives every booking's life: [`engine`] takes
//! the steps, [`worker`] and [`leases`] see to it that somebody does.

pub mod by_count;
pub mod engine;
pub mod flights;
pub(crate) mod granted;
pub mod leases;
pub mod orders;
pub mod seat_feeds;
pub mod simple_orders;
pub mod unpaid_orders;
pub mod worker;
