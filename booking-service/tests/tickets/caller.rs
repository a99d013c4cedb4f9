//! A caller of booking-service. Nothing here is booked by count: all refusals are problems, or in JSON:API.

use serde_json::Value;
use test_stack::caller::Refusals;
pub use test_stack::caller::{Answer, Caller, SOON};

/// A caller of the service at this address.
pub fn caller(base: String) -> anyhow::Result<Caller> {
    Caller::new(base, Refusals::Problems)
}

/// A body without what differs from run to run.
pub fn tidy(answer: &Answer) -> Value {
    answer.tidy(&["id", "event_id"])
}
