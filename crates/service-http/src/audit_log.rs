//! Recording of what staff change in the audit log. [`entries`] lists it.
//!
//! An entry is committed before its action is begun, by the guard of the route, so that none can be left out
//! or undone with a transaction. It says what was asked for, without secrets. A second one says what was answered;
//! where there is none, nobody knows what came of it.

mod details;
pub mod entries;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LOCATION, HeaderMap, LOCATION};
use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpRequest};
use service_core::audit_log::{AuditLog, AuditedRequest};
use service_core::caller::Caller;

use crate::{Problem, context};

/// The actions of a request that is being answered, kept with it.
struct Begun(Vec<i64>);

fn of(request: &HttpRequest) -> Result<&AuditLog, Problem> {
    let actions = request.app_data::<Data<AuditLog>>();
    let actions = actions.ok_or_else(|| Problem::internal("there is nowhere to write actions"));
    Ok(actions?.get_ref())
}

/// Writes down what a caller is about to do to what this path names, in the service that answers this
/// request; it is there for good when this returns.
///
/// # Errors
/// When it can't be written: then it must not be done.
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
    match extensions.get_mut::<Begun>() {
        Some(Begun(ids)) => ids.push(id),
        None => {
            extensions.insert(Begun(vec![id]));
        }
    }
    Ok(())
}

/// Writes down what came of what was recorded for this request, and where what was made is, before it is
/// answered. Where that can't be written, nobody knows: the action stands all the same.
pub async fn finish(request: &HttpRequest, status: StatusCode, headers: &HeaderMap) {
    let begun = request.extensions_mut().remove::<Begun>();
    let Some(Begun(ids)) = begun else {
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
        tracing::error!(%error, ?ids, %status, "what came of an action is not written down");
    }
}
