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

/// Outcome of an audited action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The action was done.
    Done,
    /// The request was refused; nothing was done.
    Refused,
    /// The service failed; the action may have been done.
    Failed,
    /// The service stopped, or the request was abandoned, before the answer.
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

/// An entry of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActionView {
    /// Id of the entry; later entries have greater ids
    #[schema(example = 17)]
    pub id: i64,
    /// Who acted: the token's `sub`; absent in a service in open mode
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ops@example.org")]
    pub actor: Option<String>,
    /// Role of the actor
    #[schema(example = "admin")]
    pub role: String,
    /// Name of the action
    #[schema(example = "flight.cancel")]
    pub action: String,
    /// The resource that was created, or else the path of the request
    #[schema(example = "/api/flights/17")]
    pub target: String,
    /// Outcome of the action
    pub outcome: Outcome,
    /// HTTP status of the answer; absent if it is unknown
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 200)]
    pub status: Option<i16>,
    /// Path parameters, query and body, without secrets and personal data
    #[schema(value_type = Object)]
    pub details: Value,
    /// When the action was requested
    pub asked_at: Timestamp,
    /// Id of the request, as the client may have chosen it
    pub request_id: String,
    /// Id of the request in this service; the logs have both ids
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

/// List the audit log, newest first.
///
/// An entry is committed before its action begins; `outcome` says how the action ended.
#[utoipa::path(
    get, path = "/api/admin/actions", tag = "admin", operation_id = "list_admin_actions",
    params(PageParameters),
    responses(
        (status = 200, description = "A page of entries", body = PageBody<ActionView>),
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
