//! JSON answers. Each body ends with a newline, so that a shell prompt starts on its own line.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, CONTENT_LOCATION, HeaderName, HeaderValue, LOCATION};
use serde::Serialize;
use service_core::idempotency::{Answer, Replayable};

pub fn ok<T: Serialize>(body: &T) -> HttpResponse {
    json(StatusCode::OK, body)
}

pub fn json<T: Serialize>(status: StatusCode, body: &T) -> HttpResponse {
    json_as(status, "application/json", body)
}

/// For a media type of the JSON family.
pub fn json_as<T: Serialize>(
    status: StatusCode,
    media_type: &'static str,
    body: &T,
) -> HttpResponse {
    match json_bytes(body) {
        Ok(bytes) => HttpResponse::build(status)
            .content_type(media_type)
            .body(bytes),
        Err(error) => {
            tracing::error!(%error, "serializing a response failed");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// 201 with the created resource and its `Location`.
pub fn created<T: Serialize>(body: &T, location: &str) -> HttpResponse {
    made_at(json(StatusCode::CREATED, body), location)
}

/// Adds `Location`.
#[must_use]
pub fn made_at(mut response: HttpResponse, location: &str) -> HttpResponse {
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

pub(crate) fn json_bytes<T: Serialize>(body: &T) -> serde_json::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(body)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Adds `Content-Location`, for answers other than 201.
#[must_use]
pub fn located(mut response: HttpResponse, path: &str) -> HttpResponse {
    if let Ok(path) = HeaderValue::from_str(path) {
        response.headers_mut().insert(CONTENT_LOCATION, path);
    }
    response
}

/// Marks a replayed answer.
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The answer to a request under a key, stored or new.
#[must_use]
pub fn replayable(answer: Replayable<Answer>) -> HttpResponse {
    let Replayable { value, replayed } = answer;
    let status = StatusCode::from_u16(value.status);
    let mut response = HttpResponse::build(status.unwrap_or(StatusCode::OK))
        .content_type("application/json")
        .body(value.body);
    let location = value.location.map(HeaderValue::try_from);
    if let Some(Ok(location)) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    mark_replayed(response, replayed)
}

/// Adds `Idempotent-Replayed` to a replayed answer.
#[must_use]
pub fn mark_replayed(mut response: HttpResponse, replayed: bool) -> HttpResponse {
    if replayed {
        let headers = response.headers_mut();
        headers.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    }
    response
}
