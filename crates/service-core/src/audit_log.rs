//! The audit log: recorded actions, by whom, and their outcome. Each service's database has two append-only
//! tables. An entry is committed before its action begins; a second row records the outcome.

use deadpool_postgres::Pool;
use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::Json;
use uuid::Uuid;

use crate::caller::Caller;
use crate::database::DatabaseError;
use crate::migrations::MigrationSet;
use crate::page::PageRequest;

mod embedded {
    refinery::embed_migrations!("../../migrations/audit_log");
}

/// The longest target that is kept. No route has a longer path.
const TARGET_MAX_CHARS: usize = 512;

/// The migrations of both tables.
#[must_use]
pub fn migrations() -> MigrationSet {
    MigrationSet {
        history_table: "audit_log_migrations",
        runner: embedded::migrations::runner(),
    }
}

const INSERT: &str = "
    INSERT INTO audit_log (actor, role, action, target, request_id, server_request_id, details)
    VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id";

const INSERT_OUTCOMES: &str = "
    INSERT INTO audit_log_outcomes (entry_id, status, location)
    SELECT id, $2, $3 FROM unnest($1::bigint[]) AS id";

const COLUMNS: &str = "
    id, actor, role, action, coalesce(location, target) AS target, request_id, server_request_id, asked_at,
    details, status
    FROM audit_log LEFT JOIN audit_log_outcomes ON entry_id = id";

/// An entry of the log.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// Grows with time; the key of keyset pagination.
    pub id: i64,
    /// The token's `sub`; `None` in an open service.
    pub actor: Option<String>,
    /// The caller's role, or `none`.
    pub role: String,
    /// The action's name, such as `flight.cancel`.
    pub action: String,
    /// The path of the created resource, otherwise the request's path.
    pub target: String,
    /// The HTTP status of the answer; `None` if the outcome is unknown.
    pub status: Option<i16>,
    /// Path parameters, query and body, without secrets and personal data.
    pub details: Value,
    /// The time of the request, before the action.
    pub asked_at: Timestamp,
    /// The request's id, which the client may have chosen.
    pub request_id: String,
    /// The id that the service gave the request.
    pub server_request_id: Uuid,
}

/// The request that asked for an action.
#[derive(Clone, Debug)]
pub struct AuditedRequest<'a> {
    /// The authenticated caller.
    pub caller: &'a Caller,
    /// The request's path, cut to 512 characters.
    pub path: &'a str,
    /// Path parameters, query and body, without secrets and personal data.
    pub details: Value,
    /// The request's id, which the client may have chosen.
    pub request_id: &'a str,
    /// The id that the service gave the request.
    pub server_request_id: Uuid,
}

/// Appends and lists entries.
#[derive(Clone)]
pub struct AuditLog {
    database: Pool,
}

impl AuditLog {
    /// A log in this database.
    #[must_use]
    pub fn new(database: Pool) -> Self {
        Self { database }
    }

    /// Commits an entry before its action begins, and returns the entry's id.
    ///
    /// # Errors
    /// When the entry may not be committed: the action must not run.
    pub async fn record(
        &self,
        action: &str,
        request: AuditedRequest<'_>,
    ) -> Result<i64, DatabaseError> {
        let client = self.database.get().await?;
        let statement = client.prepare_cached(INSERT).await?;
        let target: String = request.path.chars().take(TARGET_MAX_CHARS).collect();
        let row = client
            .query_one(
                &statement,
                &[
                    &request.caller.subject(),
                    &request.caller.role().map_or("none", tokens::Role::as_str),
                    &action,
                    &target,
                    &request.request_id,
                    &request.server_request_id,
                    &Json(request.details),
                ],
            )
            .await?;
        Ok(row.try_get(0)?)
    }

    /// Commits the outcome of actions, and the path of what they created.
    ///
    /// # Errors
    /// When the outcome may not be committed: the entries show none.
    pub async fn record_outcome(
        &self,
        actions: &[i64],
        status: i16,
        location: Option<&str>,
    ) -> Result<(), DatabaseError> {
        let client = self.database.get().await?;
        let statement = client.prepare_cached(INSERT_OUTCOMES).await?;
        client
            .execute(&statement, &[&actions, &status, &location])
            .await?;
        Ok(())
    }

    /// A page of the log, newest first, of at most `limit` entries.
    ///
    /// # Errors
    /// When the database fails or does not answer.
    pub async fn list(
        &self,
        part: PageRequest<i64>,
        limit: i64,
    ) -> Result<Vec<AuditEntry>, DatabaseError> {
        // Newest first: the next page has smaller ids.
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
        let entries: Result<_, tokio_postgres::Error> = rows.iter().map(entry).collect();
        Ok(entries?)
    }
}

fn entry(row: &Row) -> Result<AuditEntry, tokio_postgres::Error> {
    let Json(details) = row.try_get("details")?;
    Ok(AuditEntry {
        id: row.try_get("id")?,
        actor: row.try_get("actor")?,
        role: row.try_get("role")?,
        action: row.try_get("action")?,
        target: row.try_get("target")?,
        status: row.try_get("status")?,
        details,
        asked_at: row.try_get("asked_at")?,
        request_id: row.try_get("request_id")?,
        server_request_id: row.try_get("server_request_id")?,
    })
}
