//! What routes and pages have in common: what they call, who calls them, and how errors become HTTP.

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
