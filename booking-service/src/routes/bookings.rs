//! Bookings of flights: by count, orders with chosen seats, simple orders, and admin actions on a flight.

pub(crate) mod admin;
pub(crate) mod by_count;
pub(crate) mod flights;
pub(crate) mod orders;
pub(crate) mod simple_orders;
