//! An HTTP client of booking-service. No test here books by count, so all refusals are problems or JSON:API
//! errors.

use serde_json::Value;
use test_stack::caller::Refusals;
pub use test_stack::caller::{Answer, Caller, SOON};

pub fn caller(base: String) -> anyhow::Result<Caller> {
    Caller::new(base, Refusals::Problems)
}

/// The body without values that differ from run to run.
pub fn tidy(answer: &Answer) -> Value {
    answer.tidy(&["id", "event_id"])
}
