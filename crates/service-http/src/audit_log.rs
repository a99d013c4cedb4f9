//! Records what staff change in the audit log; [`entries`] lists it.
//!
//! The guard of the route commits an entry before the action begins, so no action can go unrecorded, and no
//! entry is rolled back with a transaction. The entry holds the request without secrets. A second entry holds
//! the answer's status; without one the outcome is unknown.

mod details;
pub mod entries;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LOCATION, HeaderMap, LOCATION};
use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpRequest};
use service_core::audit_log::{AuditLog, AuditedRequest};
use service_core::caller::Caller;

use crate::{Problem, context};

/// Ids of the entries of the current request, kept as a request extension.
struct OpenEntries(Vec<i64>);

fn of(request: &HttpRequest) -> Result<&AuditLog, Problem> {
    let actions = request.app_data::<Data<AuditLog>>();
    let actions = actions.ok_or_else(|| Problem::internal("there is nowhere to write actions"));
    Ok(actions?.get_ref())
}

/// Commits an entry for what the caller is about to do to this path.
///
/// # Errors
/// The entry was not committed: the action must not start.
pub async fn record(
    request: &HttpRequest,
    name: &'static str,
    caller: &Caller,
    path: &str,
) -> Result<(), Problem> {
    let details = details::of(request);
    let context = context::current();
    let asked = AuditedRequest {
        caller,
        path,
        details,
        request_id: &context.request_id,
        server_request_id: context.server_request_id,
    };
    let id = of(request)?.record(name, asked).await?;
    let mut extensions = request.extensions_mut();
    match extensions.get_mut::<OpenEntries>() {
        Some(OpenEntries(ids)) => ids.push(id),
        None => {
            extensions.insert(OpenEntries(vec![id]));
        }
    }
    Ok(())
}

/// Records the answer's status, and the `Location` of what was created, before the answer is sent. If that
/// fails the outcome stays unknown; the action is not undone.
pub async fn finish(request: &HttpRequest, status: StatusCode, headers: &HeaderMap) {
    let begun = request.extensions_mut().remove::<OpenEntries>();
    let Some(OpenEntries(ids)) = begun else {
        return;
    };
    let made = match status {
        StatusCode::CREATED => headers.get(LOCATION),
        _ => headers.get(CONTENT_LOCATION),
    };
    let made = made.and_then(|value| value.to_str().ok());
    let written = match of(request) {
        Ok(actions) => {
            let status = i16::try_from(status.as_u16()).unwrap_or(i16::MAX);
            let written = actions.record_outcome(&ids, status, made).await;
            written.map_err(Problem::from)
        }
        Err(problem) => Err(problem),
    };
    if let Err(error) = written {
        tracing::error!(%error, ?ids, %status, "recording the outcome of an audited action failed");
    }
}
