//! Login sessions.

use std::collections::HashMap;
use std::time::Duration;

use deadpool_postgres::Pool;
use jiff::Timestamp;
use uuid::Uuid;

use crate::db::DbError;
use crate::db::accounts::users::user_of;
use crate::model::session::OpenSession;
use crate::model::session::Session;
use crate::model::user::UserRole;

/// The most sessions per user; a new one ends the oldest.
const SESSIONS_MAX: i64 = 10;

/// The most expired sessions that one run deletes.
const REMOVED_AT_ONCE: i64 = 10_000;

/// FOR SHARE waits for a password change that is about to commit, and blocks a later one until the session is
/// inserted. A password change deletes all sessions, so it deletes this one too.
const INSERT: &str = "
    WITH known AS (
        SELECT user_id FROM passwords WHERE user_id = $2 AND hash = $5 FOR SHARE
    ), surplus AS (
        DELETE FROM sessions WHERE token_digest IN (
            SELECT token_digest FROM sessions WHERE user_id = $2
            ORDER BY created_at DESC OFFSET $4
        )
    )
    INSERT INTO sessions (token_digest, user_id, expires_at, user_agent)
    SELECT $1, user_id, now() + make_interval(secs => $3), $6 FROM known RETURNING expires_at";

const FIND: &str = "
    SELECT id, name, email, role, users.created_at, updated_at, expires_at
    FROM sessions JOIN users ON id = user_id WHERE token_digest = $1 AND expires_at > now()";

const ROLES: &str = "
    SELECT token_digest, role FROM sessions JOIN users ON id = user_id
    WHERE token_digest = ANY($1) AND expires_at > now()";
/// A session's public id is a prefix of the token's digest, from which nobody can derive the token.
const LIST: &str = "
    SELECT encode(substring(other.token_digest FOR 8), 'hex'), other.user_agent, other.created_at,
           other.expires_at, other.token_digest = own.token_digest
    FROM sessions own JOIN sessions other USING (user_id)
    WHERE own.token_digest = $1 AND own.expires_at > now() AND other.expires_at > now()
    ORDER BY other.created_at DESC";

const DELETE_OTHERS: &str = "
    DELETE FROM sessions other USING sessions own
    WHERE own.token_digest = $1 AND own.expires_at > now() AND other.user_id = own.user_id
      AND other.token_digest <> own.token_digest
      AND ($2::text IS NULL OR encode(substring(other.token_digest FOR 8), 'hex') = $2)";

const DELETE_ENDED: &str = "
    DELETE FROM sessions WHERE token_digest IN (
        SELECT token_digest FROM sessions WHERE expires_at <= now() LIMIT $1 FOR UPDATE SKIP LOCKED
    )";

/// Starts a session and returns its expiry. `None` if the user is gone or their password hash is no longer
/// this one.
pub async fn insert(
    database: &Pool,
    digest: &[u8; 32],
    user: Uuid,
    hash: &str,
    lifetime: Duration,
    user_agent: Option<&str>,
) -> Result<Option<Timestamp>, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(INSERT).await?;
    let seconds = lifetime.as_secs_f64();
    let digest = digest.as_slice();
    let row = client
        .query_opt(
            &statement,
            &[
                &digest,
                &user,
                &seconds,
                &(SESSIONS_MAX - 1),
                &hash,
                &user_agent,
            ],
        )
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// The session with this token digest, unless it has expired.
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

/// The current roles of these sessions' users. Expired sessions are left out.
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

/// All sessions of this session's user, newest first; empty if this session has expired.
pub async fn list(database: &Pool, digest: &[u8; 32]) -> Result<Vec<OpenSession>, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(LIST).await?;
    let rows = client.query(&statement, &[&digest.as_slice()]).await?;
    let sessions = rows.iter().map(|row| {
        Ok(OpenSession {
            id: row.try_get(0)?,
            user_agent: row.try_get(1)?,
            created_at: row.try_get(2)?,
            expires_at: row.try_get(3)?,
            is_current: row.try_get(4)?,
        })
    });
    sessions.collect()
}

/// Ends the other sessions of this session's user: all of them, or the one with this id. Returns how many
/// ended.
pub async fn delete_others(
    database: &Pool,
    digest: &[u8; 32],
    id: Option<&str>,
) -> Result<u64, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(DELETE_OTHERS).await?;
    let digest = digest.as_slice();
    Ok(client.execute(&statement, &[&digest, &id]).await?)
}

pub async fn delete(database: &Pool, digest: &[u8; 32]) -> Result<(), DbError> {
    let client = database.get().await?;
    let statement = "DELETE FROM sessions WHERE token_digest = $1";
    let statement = client.prepare_cached(statement).await?;
    client.execute(&statement, &[&digest.as_slice()]).await?;
    Ok(())
}

pub async fn delete_ended(database: &Pool) -> Result<(), DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(DELETE_ENDED).await?;
    client.execute(&statement, &[&REMOVED_AT_ONCE]).await?;
    Ok(())
}
