//! Bookings of flights through their channels. [`engine`] drives each booking's state machine; [`worker`] and
//! [`leases`] make sure that somebody does.

pub mod by_count;
pub mod engine;
pub mod flights;
pub mod leases;
pub mod orders;
pub mod seat_feeds;
pub mod simple_orders;
pub mod unpaid_orders;
pub mod worker;
