//! Shared by routes and pages: application data, extractors of the caller, and the mapping of errors to HTTP.

mod actor;
mod call_context;
pub mod cookies;
pub mod problem;
pub mod services;
pub mod travelers;
pub mod visitor;

pub(crate) use actor::check_may_sell_to;
pub(crate) use call_context::call_context;
pub use services::Services;
