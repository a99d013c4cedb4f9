//! The HTTP endpoints: each extracts, parses, calls [`crate::app`] and answers.

mod calendar;
mod endpoints;
mod filters;
mod flights;
mod holds;
mod ledger;
mod openapi;
mod problem;
mod refusals;
mod search;
pub mod search_pages;
mod seat_maps;
mod seats;
mod services;

pub use endpoints::endpoints;
pub use openapi::document;
pub use services::Services;
