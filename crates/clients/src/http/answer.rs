//! Answers, and what their bodies say.

use std::time::Duration;

use batch_api::MemberAnswer;
use bytes::Bytes;
use domain::RefusalCode;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde::de::DeserializeOwned;

use super::{CallError, Refusal};

/// How much of an unexpected body an error keeps: enough to recognize it.
const BODY_START_CHARS: usize = 200;

/// A whole answer, to a request or to one call of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// Whether the body is a problem, as opposed to a charge with a 4xx status.
    pub(crate) is_problem: bool,
    /// `Retry-After`; `None` if absent or a date.
    pub(super) retry_after: Option<Duration>,
    body: Bytes,
}

impl Answer {
    /// Reads an answer to its end: only then is its connection reusable.
    pub(crate) async fn read(response: Response) -> Result<Self, reqwest::Error> {
        let headers = response.headers();
        let media_type = headers.get(CONTENT_TYPE);
        let is_problem = media_type.is_some_and(|media_type| {
            media_type
                .as_bytes()
                .starts_with(b"application/problem+json")
        });
        let retry_after = headers.get(RETRY_AFTER).and_then(|seconds| {
            let seconds = seconds.to_str().ok()?.trim().parse().ok()?;
            Some(Duration::from_secs(seconds))
        });
        Ok(Self {
            status: response.status(),
            is_problem,
            retry_after,
            body: response.bytes().await?,
        })
    }

    /// `None` if its status is none.
    pub(super) fn of_member(answer: &MemberAnswer<'_>) -> Option<Self> {
        Some(Self {
            status: StatusCode::from_u16(answer.status).ok()?,
            is_problem: answer.is_problem,
            retry_after: answer.retry_after.map(Duration::from_secs),
            body: Bytes::copy_from_slice(answer.body.get().as_bytes()),
        })
    }

    /// The body of a success: 200 and 201 are successes, other 4xx are refusals.
    pub(crate) fn success<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        match self.status {
            StatusCode::OK | StatusCode::CREATED => self.json(),
            _ => Err(self.refusal()),
        }
    }

    /// The same for calls whose success has no body.
    pub(crate) fn empty_success(&self) -> Result<(), CallError> {
        match self.status {
            StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
            _ => Err(self.refusal()),
        }
    }

    /// The body, whatever the status.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        serde_json::from_slice(&self.body).map_err(|error| CallError::Unexpected {
            status: self.status,
            body: format!("{error} in {}", self.start()),
        })
    }

    /// The error for an answer outside the contract.
    pub(super) fn unexpected(&self) -> CallError {
        CallError::Unexpected {
            status: self.status,
            body: self.start(),
        }
    }

    /// The error for an answer with a problem body.
    pub(crate) fn refusal(&self) -> CallError {
        if !self.status.is_client_error() {
            return self.unexpected();
        }
        match self.json::<Refusal>() {
            Ok(refusal) if refusal.code == RefusalCode::IdempotencyInProgress => {
                CallError::InProgress
            }
            Ok(refusal) => CallError::Refused(refusal),
            Err(error) => error,
        }
    }

    fn start(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        text.chars().take(BODY_START_CHARS).collect()
    }
}
