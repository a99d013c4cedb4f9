//! Calls about bookings of flights: by count, with chosen seats, simple orders, and what staff end.

pub(crate) mod admin;
pub(crate) mod by_count;
pub(crate) mod flights;
pub(crate) mod orders;
pub(crate) mod simple_orders;
