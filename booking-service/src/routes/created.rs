//! 201 answers.

use actix_web::HttpResponse;
use serde::Serialize;
use service_http::respond;

/// With the resource's `Location`, and marked if replayed.
pub(super) fn created<T: Serialize>(body: &T, location: &str, replayed: bool) -> HttpResponse {
    respond::mark_replayed(respond::created(body, location), replayed)
}
