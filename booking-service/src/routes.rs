//! HTTP endpoints: each extracts, parses, calls [`crate::app`] and answers.

mod accounts;
mod bare_list;
mod bookings;
mod created;
mod endpoints;
mod openapi;
mod operations;
mod refusals;
mod tickets;

pub use endpoints::endpoints;
pub use openapi::document;
pub(crate) use tickets::json_api::problem_style;
