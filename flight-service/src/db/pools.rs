//! The pools' counts, read in bulk for search.

use deadpool_postgres::{Client, GenericClient};
use domain::PoolId;
use inventory::PoolCount;
use jiff::Timestamp;

use super::DbError;

/// The pools that had movements since a time, by the ledger: an index on the pools themselves would cost every
/// booking its heap-only update. What a new pool began with comes with the schedule.
const CHANGED: &str = "
    SELECT id, version, free FROM pools
    WHERE id IN (SELECT pool_id FROM ledger WHERE entered_at >= $1 AND reason <> 'create')";

/// How that is to be found: by keys, also where statistics are missing.
const BY_KEYS: &str = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off";

/// The database's clock.
///
/// # Errors
/// When the database does not answer.
pub async fn database_time(client: &impl GenericClient) -> Result<Timestamp, DbError> {
    let statement = client.prepare_cached("SELECT clock_timestamp()").await?;
    Ok(client.query_one(&statement, &[]).await?.try_get(0)?)
}

/// The pools whose counts changed since a time, and the database's time before they were read. It costs as much
/// as there were changes.
///
/// # Errors
/// When the database does not answer.
pub async fn changed_since(
    client: &mut Client,
    since: Timestamp,
) -> Result<(Vec<PoolCount>, Timestamp), DbError> {
    let transaction = client.transaction().await?;
    let now = database_time(&transaction).await?;
    transaction.batch_execute(BY_KEYS).await?;
    let statement = transaction.prepare_cached(CHANGED).await?;
    let rows = transaction.query(&statement, &[&since]).await?;
    transaction.commit().await?;
    let counts = rows
        .iter()
        .map(|row| {
            Ok(PoolCount {
                pool: PoolId(row.try_get("id")?),
                version: row.try_get("version")?,
                free: row.try_get("free")?,
            })
        })
        .collect::<Result<_, DbError>>()?;
    Ok((counts, now))
}
