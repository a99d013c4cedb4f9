//! Why an attempt failed, and what follows from it.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;

use super::CallError;
use super::answer::Answer;

/// A failed attempt.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: CallError,
    /// The least pause before a retry; `None`: a retry is pointless or unsafe.
    pub(super) again_after: Option<Duration>,
    /// Whether it counts for the circuit breaker.
    pub(super) is_services_fault: bool,
    /// Whether the service was silent until the caller's time was over.
    pub(super) is_timeout: bool,
}

impl Failure {
    /// The request was not sent, which says nothing about the service.
    pub(super) fn not_sent(error: CallError) -> Self {
        Self {
            error,
            again_after: None,
            is_services_fault: false,
            is_timeout: false,
        }
    }

    /// The caller's time is over. It does not wait as long again.
    pub(super) fn timeout(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            error: CallError::NoAnswer(cause.into()),
            again_after: None,
            is_services_fault: true,
            is_timeout: true,
        }
    }

    /// The connection broke.
    pub(super) fn no_answer(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            error: CallError::NoAnswer(cause.into()),
            again_after: Some(Duration::ZERO),
            is_services_fault: true,
            is_timeout: false,
        }
    }

    /// No answer, for the client's reason.
    pub(super) fn of(error: &Arc<reqwest::Error>) -> Self {
        let error = Arc::clone(error);
        if error.is_builder() {
            Self::not_sent(CallError::Unreachable(error))
        } else if error.is_connect() {
            Self {
                again_after: Some(Duration::ZERO),
                is_services_fault: true,
                ..Self::not_sent(CallError::Unreachable(error))
            }
        } else if error.is_timeout() {
            Self::timeout(error)
        } else {
            Self::no_answer(error)
        }
    }

    /// The same, for another call of the same request: the service failed only once.
    pub(super) fn without_fault(self) -> Self {
        Self {
            is_services_fault: false,
            ..self
        }
    }
}

/// Tells answers that fail an attempt from those that end the call.
pub(super) fn classify(answer: Answer) -> Result<Answer, Failure> {
    let error = match answer.status {
        status @ (StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) => {
            CallError::Unavailable(status)
        }
        // A fault of the keys, not a refusal of the request: with valid keys it may be granted.
        status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
            CallError::Unauthorized(status)
        }
        status if status.is_server_error() => answer.unexpected(),
        _ => return Ok(answer),
    };
    let asks_for_retry = answer.status == StatusCode::SERVICE_UNAVAILABLE;
    Err(Failure {
        error,
        again_after: answer.retry_after.filter(|_| asks_for_retry),
        // A service that rate-limits or does not know us is healthy.
        is_services_fault: answer.status.is_server_error(),
        is_timeout: false,
    })
}
