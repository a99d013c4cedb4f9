//! The pools' counts, read in bulk for search.

use deadpool_postgres::GenericClient;
use domain::PoolId;
use inventory::PoolCount;
use jiff::Timestamp;

use super::DbError;

/// The pools that changed since a time, and the database's time now.
///
/// # Errors
/// When the database does not answer.
pub async fn changed_since(
    client: &impl GenericClient,
    since: Timestamp,
) -> Result<(Vec<PoolCount>, Timestamp), DbError> {
    let now = client.prepare_cached("SELECT clock_timestamp()").await?;
    let now = client.query_one(&now, &[]).await?.try_get(0)?;
    // A scan: an index on `updated_at` would cost every booking its heap-only update.
    let statement = client
        .prepare_cached("SELECT id, version, free FROM pools WHERE updated_at >= $1")
        .await?;
    let counts = client
        .query(&statement, &[&since])
        .await?
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
