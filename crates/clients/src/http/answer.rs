//! Classification of answers.

use domain::RefusalCode;
use reqwest::{Response, StatusCode};
use serde::de::DeserializeOwned;

use super::{CallError, Refusal};

/// How much of an unexpected body an error keeps: enough to recognize it.
const BODY_START_CHARS: usize = 200;

/// Reads an answer: 200 and 201 are successes, other 4xx are refusals.
pub(crate) async fn answer<T: DeserializeOwned>(response: Response) -> Result<T, CallError> {
    match response.status() {
        StatusCode::OK | StatusCode::CREATED => read(response).await,
        _ => Err(refusal(response).await),
    }
}

/// The same for calls whose success has no body.
pub(crate) async fn empty_answer(response: Response) -> Result<(), CallError> {
    match response.status() {
        StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
        _ => Err(refusal(response).await),
    }
}

pub(crate) async fn read<T: DeserializeOwned>(response: Response) -> Result<T, CallError> {
    let status = response.status();
    let body = response
        .bytes()
        .await
        .map_err(|error| CallError::NoAnswer(error.into()))?;
    serde_json::from_slice(&body).map_err(|error| CallError::Unexpected {
        status,
        body: format!("{error} in {}", start_of(&String::from_utf8_lossy(&body))),
    })
}

/// The error for an answer outside the contract.
pub(super) async fn unexpected(response: Response) -> CallError {
    let status = response.status();
    let body = response.text().await.unwrap_or_default();
    CallError::Unexpected {
        status,
        body: start_of(&body),
    }
}

/// The error for an answer with a problem body.
pub(crate) async fn refusal(response: Response) -> CallError {
    if !response.status().is_client_error() {
        return unexpected(response).await;
    }
    match read::<Refusal>(response).await {
        Ok(refusal) if refusal.code == RefusalCode::IdempotencyInProgress => CallError::InProgress,
        Ok(refusal) => CallError::Refused(refusal),
        Err(error) => error,
    }
}

fn start_of(body: &str) -> String {
    body.chars().take(BODY_START_CHARS).collect()
}
