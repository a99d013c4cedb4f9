//! What the clients share: the context of a call, and why a call may fail.
//!
//! Each attempt at a call has a time limit, which the service is told in [`REQUEST_TIMEOUT_HEADER`].
//! Calls that do no more if they arrive twice, which is all that move a booking on, are made again up to
//! twice when the service was not reached, the connection broke, or the service asked for it (503 with a
//! short `Retry-After`): after a random pause, within the caller's deadline, and as long as retries are at
//! most about a tenth of all calls. After five failures in a row a service is left alone for a second.
//!
//! | metric | what it counts |
//! | --- | --- |
//! | `client_retries_total{service}` | calls that were made again |
//! | `client_circuit_state{service}` | 0 closed, 1 half open, 2 open: the service is not called |

mod answer;
mod breaker;
mod connection;
mod credentials;
mod request;
mod retry;

use std::error::Error;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde::Deserialize;

pub(crate) use self::answer::{answer, empty_answer, read};
pub(crate) use self::connection::{Connection, http_client};
pub use self::credentials::Credentials;
pub(crate) use self::request::Request;

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

/// An answer that is either what was asked for or a refusal by name.
pub type Answer<T> = Result<Result<T, Refusal>, CallError>;

/// Why a call gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The service was not reached: nothing happened there.
    #[error("the service can't be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The service has failed so often of late that it is not called for a moment: nothing happened there.
    #[error("the service has failed too often and is left alone for a moment")]
    CircuitOpen,
    /// There was no time left to call the service: nothing happened there.
    #[error("no time was left for the call")]
    DeadlinePassed,
    /// The request can't be written down, so it was not sent: a bug.
    #[error("the request can't be written")]
    Malformed(#[source] serde_json::Error),
    /// The request went out, but no complete answer came: it may have acted or not.
    #[error("no answer came")]
    NoAnswer(#[source] Box<dyn Error + Send + Sync>),
    /// The service answers that it can't serve now: it may have acted or not.
    #[error("the service answers {0}")]
    Unavailable(StatusCode),
    /// The service does not take this one's word for who it is: nothing happened there, and something is
    /// wrong with the keys of one of them. No business of the customer's.
    #[error("the service does not know its caller: {0}")]
    Unauthorized(StatusCode),
    /// An earlier request with the same key is still running: how it ends is not known yet.
    #[error("an earlier request with the same key is still running")]
    InProgress,
    /// The service refuses what its contract says it grants.
    #[error("the service refuses: {}", .0.code)]
    Refused(Refusal),
    /// The service answers what its contract does not have.
    #[error("the service answers {status}, which its contract does not have: {body}")]
    Unexpected {
        /// The status.
        status: StatusCode,
        /// The start of the body.
        body: String,
    },
}

impl CallError {
    /// Whether it is certain that the call was not even looked at.
    #[must_use]
    pub fn never_sent(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_)
                | Self::CircuitOpen
                | Self::DeadlinePassed
                | Self::Malformed(_)
                | Self::Unauthorized(_)
        )
    }
}

/// A refusal in the shared problem shape.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Refusal {
    /// The stable code.
    pub code: String,
    /// What went wrong, in words.
    #[serde(default)]
    pub detail: String,
}
