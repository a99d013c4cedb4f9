//! The pools' counts, read in bulk for search.

use deadpool_postgres::{Client, GenericClient};
use domain::PoolId;
use inventory::PoolCount;
use jiff::Timestamp;

use super::DbError;

/// The newest entry is found at the end of an index; where it is old, nothing changed.
const PROBE: &str = "
    SELECT clock_timestamp(), (SELECT version FROM schedule_version),
           (SELECT entered_at FROM ledger WHERE entered_at >= $1 ORDER BY entered_at DESC LIMIT 1) IS NOT NULL";

/// Pools with movements since a time, found through the ledger: an index on the pools would cost every
/// booking its heap-only update. The initial counts of new pools are loaded with the schedule.
const ENTERED: &str =
    "SELECT DISTINCT pool_id FROM ledger WHERE entered_at >= $1 AND reason <> 'create'";

const COUNTS: &str = "SELECT id, version, free FROM pools WHERE id = ANY ($1::bigint[])";

/// Planner settings: join by keys, even without statistics.
const BY_KEYS: &str = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off";

/// The database's clock.
pub async fn database_time(client: &impl GenericClient) -> Result<Timestamp, DbError> {
    let statement = client.prepare_cached("SELECT clock_timestamp()").await?;
    Ok(client.query_one(&statement, &[]).await?.try_get(0)?)
}

/// A look at whether anything changed.
pub struct Probe {
    /// The database's clock, before the rest was read.
    pub at: Timestamp,
    pub schedule_version: i64,
    /// Whether anything was entered in the ledger since the given time.
    pub has_entries: bool,
}

/// Looks whether the schedule or any count changed since a time: one statement, whose cost does not depend on how
/// many there are.
pub async fn probe(client: &impl GenericClient, since: Timestamp) -> Result<Probe, DbError> {
    let statement = client.prepare_cached(PROBE).await?;
    let row = client.query_one(&statement, &[&since]).await?;
    Ok(Probe {
        at: row.try_get(0)?,
        schedule_version: row.try_get(1)?,
        has_entries: row.try_get(2)?,
    })
}

/// The counts of the pools that changed since a time. The cost is proportional to the number of changes.
pub async fn changed_since(
    client: &mut Client,
    since: Timestamp,
) -> Result<Vec<PoolCount>, DbError> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(BY_KEYS).await?;
    let entered = transaction.prepare_cached(ENTERED).await?;
    let pools: Vec<i64> = transaction
        .query(&entered, &[&since])
        .await?
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?;
    let counts = transaction.prepare_cached(COUNTS).await?;
    let rows = transaction.query(&counts, &[&pools]).await?;
    transaction.commit().await?;
    rows.iter()
        .map(|row| {
            Ok(PoolCount {
                pool: PoolId(row.try_get("id")?),
                version: row.try_get("version")?,
                free: row.try_get("free")?,
            })
        })
        .collect()
}
