//! The audit log: what admins did, and agents and services of it. Two append-only tables in each service's
//! database, and the call that lists them.
//!
//! A row is committed before its action is begun, by the guard of the route, so that none can be left out
//! or undone with a transaction. It says what was asked for, without secrets. A second one says what was answered;
//! where there is none, nobody knows what came of it.

mod details;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LOCATION, HeaderMap, LOCATION};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use deadpool_postgres::Pool;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::Json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::Caller;
use crate::database::MigrationSet;
use crate::extract::Query;
use crate::page::{Listing, Page, PageParameters, PageRequest};
use crate::server::resource;
use crate::{Problem, context, respond};

mod embedded {
    refinery::embed_migrations!("../../migrations/audit_log");
}

/// The longest target that is kept; longer ones are of paths that nothing answers.
const TARGET_MAX_CHARS: usize = 512;

/// The migrations of the table.
#[must_use]
pub fn migrations() -> MigrationSet {
    MigrationSet {
        history_table: "admin_actions_migrations",
        runner: embedded::migrations::runner(),
    }
}

const INSERT: &str = "
    INSERT INTO audit_log (actor, role, action, target, request_id, server_request_id, details)
    VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id";

const INSERT_OUTCOMES: &str = "
    INSERT INTO admin_action_outcomes (action_id, status, made)
    SELECT id, $2, $3 FROM unnest($1::bigint[]) AS id";

const COLUMNS: &str = "
    id, actor, role, action, coalesce(made, target) AS target, request_id, server_request_id, asked_at,
    details, status
    FROM audit_log LEFT JOIN admin_action_outcomes ON action_id = id";

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
    fn of(status: Option<i16>) -> Self {
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
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub details: Option<Value>,
    /// When it was asked for
    pub asked_at: Timestamp,
    /// The request, as the client may have named it
    pub request_id: String,
    /// The request, as this service named it; the logs have both
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_request_id: Option<Uuid>,
}

/// Writes and lists actions.
#[derive(Clone)]
pub struct AuditLog {
    database: Pool,
}

impl AuditLog {
    /// In this database.
    #[must_use]
    pub fn new(database: Pool) -> Self {
        Self { database }
    }

    /// Adds the call that lists them.
    pub fn configure(&self, config: &mut ServiceConfig) {
        config.app_data(Data::new(self.clone())).service(resource(
            "/api/admin/actions",
            "GET",
            [web::get().to(list)],
        ));
    }

    /// The newest actions, at most so many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn newest(&self, limit: i64) -> Result<Vec<ActionView>, Problem> {
        self.find(PageRequest::First, limit).await
    }

    async fn begin(
        &self,
        name: &'static str,
        caller: &Caller,
        path: &str,
        details: Value,
    ) -> Result<i64, Problem> {
        let client = self.database.get().await?;
        let statement = client.prepare_cached(INSERT).await?;
        let context = context::current();
        let target: String = path.chars().take(TARGET_MAX_CHARS).collect();
        let row = client
            .query_one(
                &statement,
                &[
                    &caller.subject(),
                    &caller.role().map_or("none", tokens::Role::as_str),
                    &name,
                    &target,
                    &context.request_id,
                    &context.server_request_id,
                    &Json(details),
                ],
            )
            .await?;
        Ok(row.try_get(0)?)
    }

    async fn end(
        &self,
        actions: &[i64],
        status: StatusCode,
        made: Option<&str>,
    ) -> Result<(), Problem> {
        let client = self.database.get().await?;
        let statement = client.prepare_cached(INSERT_OUTCOMES).await?;
        let status = i16::try_from(status.as_u16()).map_err(Problem::internal)?;
        client
            .execute(&statement, &[&actions, &status, &made])
            .await?;
        Ok(())
    }

    async fn find(&self, part: PageRequest<i64>, limit: i64) -> Result<Vec<ActionView>, Problem> {
        // Newest first: after a place come older ones.
        let older = || {
            format!(
                "SELECT {COLUMNS} WHERE $1::bigint IS NULL OR id < $1 ORDER BY id DESC LIMIT $2"
            )
        };
        let (query, place) = match part {
            PageRequest::First => (older(), None),
            PageRequest::After(id) => (older(), Some(id)),
            PageRequest::Before(id) => {
                let newer = format!("SELECT {COLUMNS} WHERE id > $1 ORDER BY id LIMIT $2");
                let query = format!("SELECT * FROM ({newer}) AS newer ORDER BY id DESC");
                (query, Some(id))
            }
        };
        let client = self.database.get().await?;
        let statement = client.prepare_cached(&query).await?;
        let rows = client.query(&statement, &[&place, &limit]).await?;
        let views: Result<_, tokio_postgres::Error> = rows.iter().map(view).collect();
        Ok(views?)
    }
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
    let id = of(request)?.begin(name, caller, path, details).await?;
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
        Ok(actions) => actions.end(&ids, status, made).await,
        Err(problem) => Err(problem),
    };
    if let Err(error) = written {
        tracing::error!(%error, ?ids, %status, "what came of an action is not written down");
    }
}

fn view(row: &Row) -> Result<ActionView, tokio_postgres::Error> {
    let status = row.try_get("status")?;
    Ok(ActionView {
        id: row.try_get("id")?,
        actor: row.try_get("actor")?,
        role: row.try_get("role")?,
        action: row.try_get("action")?,
        target: row.try_get("target")?,
        outcome: Outcome::of(status),
        status,
        details: row
            .try_get::<_, Option<Json<Value>>>("details")?
            .map(|Json(details)| details),
        asked_at: row.try_get("asked_at")?,
        request_id: row.try_get("request_id")?,
        server_request_id: row.try_get("server_request_id")?,
    })
}

/// What admins did, newest first.
///
/// A row is there before its action is begun, and `outcome` says what came of it.
#[utoipa::path(
    get, path = "/api/admin/actions", tag = "admin", operation_id = "list_admin_actions",
    params(PageParameters),
    responses(
        (status = 200, description = "A page of them", body = Page<ActionView>),
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
    let found = actions.find(part, limit + 1).await?;
    let page = Listing::of(found, &part, limit, |action| action.id).page(limit, Ok)?;
    Ok(respond::ok(&page))
}
