//! The audit log: what admins did, and agents and services of it. Two append-only tables in each service's
//! database. A row is committed before its action is begun; a second one says what was answered.

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

/// The longest target that is kept; longer ones are of paths that nothing answers.
const TARGET_MAX_CHARS: usize = 512;

/// The migrations of the tables.
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
    /// Its place in the table; later ones are greater.
    pub id: i64,
    /// The token's `sub`; `None` in a service that is open.
    pub actor: Option<String>,
    /// As what.
    pub role: String,
    /// What was asked for, such as `flight.cancel`.
    pub action: String,
    /// The path of what was made, or else the path that was called.
    pub target: String,
    /// The HTTP status of the answer; `None` where nobody knows it.
    pub status: Option<i16>,
    /// The parts of the path, the query and the body, without secrets and persons.
    pub details: Value,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// The request, as the client may have named it.
    pub request_id: String,
    /// The request, as the service named it.
    pub server_request_id: Uuid,
}

/// The request that an action is asked for in.
#[derive(Clone, Debug)]
pub struct AuditedRequest<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// Longer ones than 512 characters are cut.
    pub path: &'a str,
    /// What is kept of the request, without secrets and persons.
    pub details: Value,
    /// The request, as the client may have named it.
    pub request_id: &'a str,
    /// The request, as the service named it.
    pub server_request_id: Uuid,
}

/// Writes and lists entries.
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

    /// Commits that an action is about to be done; its id.
    ///
    /// # Errors
    /// When the database does not answer: then the action must not be done.
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

    /// Commits what actions were answered, and where what they made is.
    ///
    /// # Errors
    /// When the database does not answer: then their outcome is unknown.
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

    /// Entries of this part of the log, the newest first, at most so many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(
        &self,
        part: PageRequest<i64>,
        limit: i64,
    ) -> Result<Vec<AuditEntry>, DatabaseError> {
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
