//! The request on whose behalf another service is called.

use std::time::{Duration, Instant};

/// Says in milliseconds how much longer the caller waits for the answer: whoever answers need not work
/// longer. Relative, so that clocks need not agree.
pub const REQUEST_TIMEOUT_HEADER: &str = "x-request-timeout-ms";

/// The request on whose behalf another service is called: what of it is passed on.
#[derive(Clone, Debug, Default)]
pub struct CallContext {
    /// The id that ties the logs of all services together.
    pub request_id: String,
    /// The W3C trace context, as it came.
    pub traceparent: Option<String>,
    /// Until when an answer is of use; none means that the client's own time limits are the only ones.
    pub deadline: Option<Instant>,
}

impl CallContext {
    /// How much time is left until the deadline, if there is one; zero once it has passed.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        let deadline = self.deadline?;
        Some(deadline.saturating_duration_since(Instant::now()))
    }
}
