//! The endpoint that lists the audit log.

use actix_web::HttpResponse;
use actix_web::web::Data;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use service_core::audit_log::{AuditEntry, AuditLog};
use service_core::page::Page;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::extract::Query;
use crate::page::{PageBody, PageParameters};
use crate::{Problem, respond};

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
    /// Derived from the HTTP status; `None`: unknown.
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
