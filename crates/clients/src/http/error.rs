//! Why a call may fail.

use std::error::Error;

use domain::RefusalCode;
use reqwest::StatusCode;
use serde::Deserialize;

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
    pub code: RefusalCode,
    /// What went wrong, in words.
    #[serde(default)]
    pub detail: String,
}
