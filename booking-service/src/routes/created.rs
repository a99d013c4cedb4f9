//! Answers to what was made.

use actix_web::HttpResponse;
use serde::Serialize;
use service_http::respond;

/// What was made, and where it is.
pub(super) fn created<T: Serialize>(body: &T, location: &str, replayed: bool) -> HttpResponse {
    respond::mark_replayed(respond::created(body, location), replayed)
}
