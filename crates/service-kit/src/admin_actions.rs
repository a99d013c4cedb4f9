//! What admins did: an append-only table in each service's database, and the call that lists it.
//!
//! A row is committed before its action is begun, by the guard of the route, so that none can be left out
//! or undone with a transaction. It says what was asked for; the request's id finds in the logs what came
//! of it.

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use deadpool_postgres::Pool;
use jiff::Timestamp;
use serde::Serialize;
use tokio_postgres::Row;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::database::MigrationSet;
use crate::extract::Query;
use crate::page::{ListPart, Listing, Page, PageParameters};
use crate::server::resource;
use crate::{Problem, context, respond};

mod embedded {
    refinery::embed_migrations!("../../migrations/admin_actions");
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
    INSERT INTO admin_actions (actor, role, action, target, request_id)
    VALUES ($1, $2, $3, $4, $5)";

/// Newest first: after a place come older ones.
const OLDER: &str = "
    SELECT id, actor, role, action, target, request_id, asked_at FROM admin_actions
    WHERE $1::bigint IS NULL OR id < $1 ORDER BY id DESC LIMIT $2";

const NEWER: &str = "
    SELECT * FROM (
        SELECT id, actor, role, action, target, request_id, asked_at FROM admin_actions
        WHERE id > $1 ORDER BY id LIMIT $2
    ) AS newer ORDER BY id DESC";

/// Something that is about to be done.
struct Action {
    /// Who: the name in the token; none in an open service.
    actor: Option<String>,
    role: &'static str,
    action: &'static str,
    target: String,
    request_id: String,
}

impl Action {
    /// What this caller is about to do to what this path names.
    fn new(action: &'static str, caller: &Caller, path: &str, request_id: String) -> Self {
        Self {
            actor: caller.subject().map(str::to_owned),
            role: caller.role().map_or("none", tokens::Role::as_str),
            action,
            target: path.chars().take(TARGET_MAX_CHARS).collect(),
            request_id,
        }
    }
}

/// An action, as it is listed.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActionView {
    /// Its place in the table; later ones are greater
    #[schema(example = 17)]
    id: i64,
    /// Who did it: the token's `sub`; not there in a service that is open
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ops@example.org")]
    actor: Option<String>,
    /// As what
    #[schema(example = "admin")]
    role: String,
    /// What was done
    #[schema(example = "flight.cancel")]
    action: String,
    /// To what: the path that was called
    #[schema(example = "/api/flights/17")]
    target: String,
    /// When it was asked for
    asked_at: Timestamp,
    /// The request, as the logs know it
    request_id: String,
}

/// Writes and lists actions.
#[derive(Clone)]
pub struct AdminActions {
    database: Pool,
}

impl AdminActions {
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

    async fn record(&self, action: &Action) -> Result<(), Problem> {
        let client = self.database.get().await?;
        let statement = client.prepare_cached(INSERT).await?;
        client
            .execute(
                &statement,
                &[
                    &action.actor,
                    &action.role,
                    &action.action,
                    &action.target,
                    &action.request_id,
                ],
            )
            .await?;
        Ok(())
    }

    async fn find(&self, part: ListPart<i64>, limit: i64) -> Result<Vec<ActionView>, Problem> {
        let (query, place) = match part {
            ListPart::First => (OLDER, None),
            ListPart::After(id) => (OLDER, Some(id)),
            ListPart::Before(id) => (NEWER, Some(id)),
        };
        let client = self.database.get().await?;
        let statement = client.prepare_cached(query).await?;
        let rows = client.query(&statement, &[&place, &limit]).await?;
        let views: Result<_, tokio_postgres::Error> = rows.iter().map(view).collect();
        Ok(views?)
    }
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
    let actions = request
        .app_data::<Data<AdminActions>>()
        .ok_or_else(|| Problem::internal("there is nowhere to write admins' actions"))?;
    let action = Action::new(name, caller, path, context::current().request_id);
    actions.record(&action).await
}

fn view(row: &Row) -> Result<ActionView, tokio_postgres::Error> {
    Ok(ActionView {
        id: row.try_get(0)?,
        actor: row.try_get(1)?,
        role: row.try_get(2)?,
        action: row.try_get(3)?,
        target: row.try_get(4)?,
        request_id: row.try_get(5)?,
        asked_at: row.try_get(6)?,
    })
}

/// What admins did, newest first.
///
/// A row is there before its action is begun; the request's id finds in the logs what came of it.
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
    actions: Data<AdminActions>,
    parameters: Query<PageParameters>,
) -> Result<HttpResponse, Problem> {
    let (part, limit) = parameters.0.part()?;
    let found = actions.find(part, limit + 1).await?;
    let page = Listing::of(found, &part, limit, |action| action.id).page(limit, Ok)?;
    Ok(respond::ok(&page))
}
