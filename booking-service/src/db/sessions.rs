//! The table of sessions.

use std::collections::HashMap;
use std::time::Duration;

use deadpool_postgres::Pool;
use jiff::Timestamp;
use uuid::Uuid;

use super::DbError;
use super::users::user_of;
use crate::app::accounts::Session;
use crate::app::users::UserRole;

/// The most sessions of a user: the oldest ends when one more begins.
const SESSIONS_MAX: i64 = 10;

/// How many sessions that are over are removed at once.
const REMOVED_AT_ONCE: i64 = 10_000;

/// The lock waits for another password that is about to be committed, and keeps one away until the session is
/// there: whoever changes a password ends all sessions, this one too.
const INSERT: &str = "
    WITH known AS (
        SELECT user_id FROM passwords WHERE user_id = $2 AND hash = $5 FOR SHARE
    ), surplus AS (
        DELETE FROM sessions WHERE token_digest IN (
            SELECT token_digest FROM sessions WHERE user_id = $2
            ORDER BY created_at DESC OFFSET $4
        )
    )
    INSERT INTO sessions (token_digest, user_id, expires_at)
    SELECT $1, user_id, now() + make_interval(secs => $3) FROM known RETURNING expires_at";

const FIND: &str = "
    SELECT id, name, email, role, users.created_at, updated_at, expires_at
    FROM sessions JOIN users ON id = user_id WHERE token_digest = $1 AND expires_at > now()";

const ROLES: &str = "
    SELECT token_digest, role FROM sessions JOIN users ON id = user_id
    WHERE token_digest = ANY($1) AND expires_at > now()";

const DELETE_ENDED: &str = "
    DELETE FROM sessions WHERE token_digest IN (
        SELECT token_digest FROM sessions WHERE expires_at <= now() LIMIT $1 FOR UPDATE SKIP LOCKED
    )";

/// Begins a session of so long, unless the user is gone or has another password than that of this hash; when
/// it ends.
///
/// # Errors
/// When the database does not answer.
pub async fn insert(
    database: &Pool,
    digest: &[u8; 32],
    user: Uuid,
    hash: &str,
    lifetime: Duration,
) -> Result<Option<Timestamp>, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(INSERT).await?;
    let seconds = lifetime.as_secs_f64();
    let digest = digest.as_slice();
    let row = client
        .query_opt(
            &statement,
            &[&digest, &user, &seconds, &(SESSIONS_MAX - 1), &hash],
        )
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// The session of this digest, unless it is over.
///
/// # Errors
/// When the database does not answer.
pub async fn find(database: &Pool, digest: &[u8; 32]) -> Result<Option<Session>, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(FIND).await?;
    let row = client.query_opt(&statement, &[&digest.as_slice()]).await?;
    let Some(row) = row else {
        return Ok(None);
    };
    Ok(Some(Session {
        user: user_of(&row)?,
        expires_at: row.try_get(6)?,
    }))
}

/// The roles that the users of these sessions have now; none of those that are over.
///
/// # Errors
/// When the database does not answer.
pub async fn roles(
    database: &Pool,
    digests: &[&[u8]],
) -> Result<HashMap<Vec<u8>, UserRole>, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(ROLES).await?;
    let rows = client.query(&statement, &[&digests]).await?;
    let roles = rows.iter().map(|row| {
        let role = UserRole::from_text(row.try_get(1)?);
        Ok((
            row.try_get(0)?,
            role.ok_or(DbError::Unreadable("users.role"))?,
        ))
    });
    roles.collect()
}

/// Ends a session.
///
/// # Errors
/// When the database does not answer.
pub async fn delete(database: &Pool, digest: &[u8; 32]) -> Result<(), DbError> {
    let client = database.get().await?;
    let statement = "DELETE FROM sessions WHERE token_digest = $1";
    let statement = client.prepare_cached(statement).await?;
    client.execute(&statement, &[&digest.as_slice()]).await?;
    Ok(())
}

/// Removes sessions that are over.
///
/// # Errors
/// When the database does not answer.
pub async fn delete_ended(database: &Pool) -> Result<(), DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(DELETE_ENDED).await?;
    client.execute(&statement, &[&REMOVED_AT_ONCE]).await?;
    Ok(())
}
