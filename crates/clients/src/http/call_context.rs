//! The request for which another service is called.

use std::time::{Duration, Instant};

/// Milliseconds for which the caller still waits: the callee need not work longer. Relative, so that clocks
/// need not agree.
pub const REQUEST_TIMEOUT_HEADER: &str = "x-request-timeout-ms";

/// What a call passes on of the request for which it is made.
#[derive(Clone, Debug, Default)]
pub struct CallContext {
    /// Ties the logs of all services together.
    pub request_id: String,
    /// The W3C trace context, unchanged.
    pub traceparent: Option<String>,
    /// When the answer becomes useless; `None`: only the client's timeout applies.
    pub deadline: Option<Instant>,
}

impl CallContext {
    /// Time left until the deadline, if there is one; zero past it.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        let deadline = self.deadline?;
        Some(deadline.saturating_duration_since(Instant::now()))
    }
}
