//! Events, tickets, vouchers and ticket options.

pub(crate) mod dead_letters;
pub(crate) mod event_bookings;
pub(crate) mod events;
pub(crate) mod json_api;
pub(crate) mod purchases;
pub(crate) mod ticket_options;
pub(crate) mod vouchers;
