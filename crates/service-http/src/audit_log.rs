//! Recording of what staff change in the audit log, and the call that lists it.
//!
//! An entry is committed before its action is begun, by the guard of the route, so that none can be left out
//! or undone with a transaction. It says what was asked for, without secrets. A second one says what was answered;
//! where there is none, nobody knows what came of it.

mod details;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LOCATION, HeaderMap, LOCATION};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use service_core::audit_log::{AuditEntry, AuditLog, AuditedRequest};
use service_core::caller::Caller;
use service_core::page::Page;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::extract::Query;
use crate::page::{PageBody, PageParameters};
use crate::server::resource;
use crate::{Problem, context, respond};

/// The actions of a request that is being answered, kept with it.
struct Begun(Vec<i64>);

/// What came of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was not: the request was refused.
    Refused,
    /// The service failed: it may have been done.
    Failed,
    /// The service was stopped, or the request given up, before it was answered.
    Unknown,
}

impl Outcome {
    /// What an answer of this HTTP status says.
    #[must_use]
    pub fn of(status: Option<i16>) -> Self {
        match status {
            Some(..400) => Self::Done,
            Some(400..500) => Self::Refused,
            Some(_) => Self::Failed,
            None => Self::Unknown,
        }
    }
}

/// An action, as it is listed.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActionView {
    /// Its place in the table; later ones are greater
    #[schema(example = 17)]
    pub id: i64,
    /// Who asked for it: the token's `sub`; not there in a service that is open
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ops@example.org")]
    pub actor: Option<String>,
    /// As what
    #[schema(example = "admin")]
    pub role: String,
    /// What was asked for
    #[schema(example = "flight.cancel")]
    pub action: String,
    /// What was made, or else the path that was called
    #[schema(example = "/api/flights/17")]
    pub target: String,
    /// What came of it
    pub outcome: Outcome,
    /// The status of the answer; not there where nobody knows it
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 200)]
    pub status: Option<i16>,
    /// The parts of the path, the query and the body, without secrets and persons
    #[schema(value_type = Object)]
    pub details: Value,
    /// When it was asked for
    pub asked_at: Timestamp,
    /// The request, as the client may have named it
    pub request_id: String,
    /// The request, as this service named it; the logs have both
    pub server_request_id: Uuid,
}

impl From<AuditEntry> for ActionView {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id,
            actor: entry.actor,
            role: entry.role,
            action: entry.action,
            target: entry.target,
            outcome: Outcome::of(entry.status),
            status: entry.status,
            details: entry.details,
            asked_at: entry.asked_at,
            request_id: entry.request_id,
            server_request_id: entry.server_request_id,
        }
    }
}

/// Adds the call that lists the audit log.
pub fn configure(audit_log: &AuditLog, config: &mut ServiceConfig) {
    config
        .app_data(Data::new(audit_log.clone()))
        .service(resource("/api/admin/actions", "GET", [web::get().to(list)]));
}

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

/// What admins did, newest first.
///
/// A row is there before its action is begun, and `outcome` says what came of it.
#[utoipa::path(
    get, path = "/api/admin/actions", tag = "admin", operation_id = "list_admin_actions",
    params(PageParameters),
    responses(
        (status = 200, description = "A page of them", body = PageBody<ActionView>),
        (status = 400, description = "A parameter is wrong; `errors` names it",
            body = crate::problem::ProblemBody<'static>, content_type = "application/problem+json"),
        (status = 503, description = "Ask again soon",
            body = crate::problem::ProblemBody<'static>, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    actions: Data<AuditLog>,
    parameters: Query<PageParameters>,
) -> Result<HttpResponse, Problem> {
    let (part, limit) = parameters.0.part()?;
    let found = actions.list(part, limit + 1).await?;
    let page = Page::of(found, &part, limit, |entry| entry.id);
    Ok(respond::ok(&PageBody::of(page, limit, |entry| {
        Ok(ActionView::from(entry))
    })?))
}
