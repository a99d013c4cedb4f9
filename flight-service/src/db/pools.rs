//! The pools' counts, read in bulk for search.

use deadpool_postgres::{Client, GenericClient};
use domain::PoolId;
use inventory::PoolCount;
use jiff::Timestamp;

use super::DbError;

/// Pools with movements since a time, found through the ledger: an index on the pools would cost every
/// booking its heap-only update. The initial counts of new pools are loaded with the schedule.
const CHANGED: &str = "
    SELECT id, version, free FROM pools
    WHERE id IN (SELECT pool_id FROM ledger WHERE entered_at >= $1 AND reason <> 'create')";

/// Planner settings: join by keys, even without statistics.
const BY_KEYS: &str = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off";

/// The database's clock.
pub async fn database_time(client: &impl GenericClient) -> Result<Timestamp, DbError> {
    let statement = client.prepare_cached("SELECT clock_timestamp()").await?;
    Ok(client.query_one(&statement, &[]).await?.try_get(0)?)
}

/// The pools that changed since a time, and the database's clock before they were read. The cost is
/// proportional to the number of changes.
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
