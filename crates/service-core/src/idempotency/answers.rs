//! The table of answers by idempotency key: see [`crate::idempotency`].

use std::time::Duration;

use deadpool_postgres::{GenericClient, Pool};
use serde::Serialize;
use tokio_postgres::types::ToSql;
use tokio_util::sync::CancellationToken;

use super::{RequestKey, StoredResult};
use crate::migrations::MigrationSet;

mod embedded {
    refinery::embed_migrations!("../../migrations/idempotency");
}

/// How long a key is kept: clients retry within hours.
const KEY_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// How often expired keys are deleted.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// Most rows of one DELETE, to keep it short.
const SWEEP_BATCH: i64 = 1_000;

const FIND: &str = "
    SELECT status, location, body, request_digest, secret_hash FROM idempotency_keys WHERE key = $1";

/// One array per column: for [`keep`], and for batches that store answers with other rows.
pub const INSERT: &str = "
    INSERT INTO idempotency_keys (key, request_digest, status, location, body, secret_hash)
    SELECT * FROM unnest($1::text[], $2::bytea[], $3::smallint[], $4::text[], $5::text[], $6::text[])";

const FORGET: &str = "
    DELETE FROM idempotency_keys WHERE key IN (
        SELECT key FROM idempotency_keys WHERE answered_at < now() - make_interval(secs => $1)
        ORDER BY answered_at LIMIT $2 FOR UPDATE SKIP LOCKED
    )";

/// The migrations of the table.
#[must_use]
pub fn migrations() -> MigrationSet {
    MigrationSet {
        history_table: "idempotency_migrations",
        runner: embedded::migrations::runner(),
    }
}

/// An answer with a JSON body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The path of the created resource (`Location`).
    pub location: Option<String>,
    /// The body exactly as it was sent.
    pub body: String,
}

impl Answer {
    /// 200 OK.
    pub fn ok<T: Serialize>(body: &T) -> Self {
        Self::json(200, body)
    }

    /// 201 Created, at this path.
    pub fn created<T: Serialize>(body: &T, location: String) -> Self {
        Self {
            location: Some(location),
            ..Self::json(201, body)
        }
    }

    /// An answer of any status.
    pub fn json<T: Serialize>(status: u16, body: &T) -> Self {
        Self {
            status,
            location: None,
            // Our own types always serialize. Every JSON body ends with a newline.
            body: serde_json::to_string(body).unwrap_or_default() + "\n",
        }
    }
}

/// An answer, and the hash of the secret that its request named.
pub type WithSecret = (Answer, Option<String>);

/// The stored answer of an earlier request under this key.
///
/// # Errors
/// When the database fails or does not answer.
pub async fn find(
    client: &impl GenericClient,
    key: &str,
) -> Result<Option<StoredResult<WithSecret>>, tokio_postgres::Error> {
    let statement = client.prepare_cached(FIND).await?;
    let row = client.query_opt(&statement, &[&key]).await?;
    row.map(|row| {
        let status: i16 = row.try_get(0)?;
        let answer = Answer {
            status: u16::try_from(status).unwrap_or_default(),
            location: row.try_get(1)?,
            body: row.try_get(2)?,
        };
        Ok(((answer, row.try_get(4)?), row.try_get(3)?))
    })
    .transpose()
}

/// Stores an answer under its key, in the transaction of its write. A concurrent transaction with the same key
/// is waited for.
///
/// # Errors
/// A unique violation if the key is stored already, or when the database fails.
pub async fn keep(
    client: &impl GenericClient,
    key: &RequestKey,
    answer: &Answer,
    secret_hash: Option<&str>,
) -> Result<(), tokio_postgres::Error> {
    let statement = client.prepare_cached(INSERT).await?;
    let (keys, digests) = ([key.key.as_str()], [key.digest.as_slice()]);
    let (statuses, bodies) = ([status_of(answer)], [answer.body.as_str()]);
    let (locations, secrets) = ([answer.location.as_deref()], [secret_hash]);
    let row: [&(dyn ToSql + Sync); 6] = [
        &keys.as_slice(),
        &digests.as_slice(),
        &statuses.as_slice(),
        &locations.as_slice(),
        &bodies.as_slice(),
        &secrets.as_slice(),
    ];
    client.execute(&statement, &row).await.map(drop)
}

/// The status as the table stores it.
#[must_use]
pub fn status_of(answer: &Answer) -> i16 {
    i16::try_from(answer.status).unwrap_or_default()
}

/// Deletes expired keys until the token is cancelled.
pub async fn sweep(database: Pool, stop: CancellationToken) {
    let pause = || tokio::time::sleep(SWEEP_INTERVAL);
    while stop.run_until_cancelled(pause()).await.is_some() {
        while let Some(Ok(SWEEP_BATCH)) = stop
            .run_until_cancelled(async {
                let removed = forget(&database).await;
                if let Err(error) = &removed {
                    tracing::warn!(%error, "deleting expired idempotency keys failed");
                }
                removed
            })
            .await
        {}
    }
}

async fn forget(database: &Pool) -> Result<i64, Box<dyn std::error::Error + Send + Sync>> {
    let client = database.get().await?;
    let statement = client.prepare_cached(FORGET).await?;
    let age_s = KEY_TTL.as_secs_f64();
    let removed = client.execute(&statement, &[&age_s, &SWEEP_BATCH]).await?;
    Ok(i64::try_from(removed).unwrap_or(i64::MAX))
}
