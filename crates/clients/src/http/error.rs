//! Why a call fails.

use std::error::Error;
use std::sync::Arc;

use domain::RefusalCode;
use reqwest::StatusCode;
use serde::Deserialize;

/// Why a call has no success, and whether it may have acted.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No connection: the call had no effect.
    #[error("the service can't be reached")]
    Unreachable(#[source] Arc<reqwest::Error>),
    /// The circuit breaker rejected the call: it had no effect.
    #[error("the circuit is open: the service keeps failing")]
    CircuitOpen,
    /// The deadline had passed before the call: it had no effect.
    #[error("the deadline passed before the call")]
    DeadlinePassed,
    /// Too many calls were waiting (backpressure): the call had no effect.
    #[error("too many calls are waiting")]
    Busy,
    /// The request can't be serialized, so it was not sent: a bug.
    #[error("the request can't be serialized")]
    Malformed(#[source] serde_json::Error),
    /// The request was sent, but no complete answer came: outcome unknown.
    #[error("no answer; outcome unknown")]
    NoAnswer(#[source] Box<dyn Error + Send + Sync>),
    /// 503 or 429: outcome unknown.
    #[error("the service answers {0}")]
    Unavailable(StatusCode),
    /// 401 or 403: the call had no effect. One of the services has wrong keys; it is not the customer's
    /// fault.
    #[error("the service rejects the credentials: {0}")]
    Unauthorized(StatusCode),
    /// An earlier request with the same key is still running: outcome unknown.
    #[error("an earlier request with the same key is still running")]
    InProgress,
    /// A refusal by name: the same request would be refused again.
    #[error("the service refuses: {}", .0.code)]
    Refused(Refusal),
    /// An answer outside the contract.
    #[error("the service answers {status}, which is outside its contract: {body}")]
    Unexpected {
        status: StatusCode,
        /// Its first 200 characters.
        body: String,
    },
}

impl CallError {
    /// Whether the call certainly had no effect, because it was never sent.
    #[must_use]
    pub fn never_sent(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_)
                | Self::CircuitOpen
                | Self::DeadlinePassed
                | Self::Busy
                | Self::Malformed(_)
                | Self::Unauthorized(_)
        )
    }
}

/// A refusal, read from a problem body.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Refusal {
    pub code: RefusalCode,
    #[serde(default)]
    pub detail: String,
}
