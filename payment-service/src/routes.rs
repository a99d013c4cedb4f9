//! The HTTP endpoints: each extracts, parses, calls [`crate::app`] and answers.

mod charges;
mod endpoints;
mod mock;
mod openapi;
mod parse;
mod problem;
mod refunds;
mod refusals;

pub use endpoints::{endpoints, with_mock};
pub use openapi::document;
