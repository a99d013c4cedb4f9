//! Reading outside a batch.

use std::collections::HashMap;

use deadpool_postgres::GenericClient;
use domain::{HoldId, PoolId};
use uuid::Uuid;

use super::load::{adjustment_of, holds_of};
use super::{BY_KEYS, StoreError};
use crate::state::{Adjustment, Hold};
use crate::verdict::PoolCount;

const HOLDS: &str = "
    SELECT hold.id, hold.owner, hold.status, hold.refusal, hold.fingerprint, hold.expires_at,
           hold.seat_change, leg.pool_id, leg.units, leg.seats
    FROM holds hold LEFT JOIN hold_legs leg ON leg.hold_id = hold.id
    WHERE hold.id = ANY ($1::uuid[])
    ORDER BY hold.id, leg.pool_id";

const KNOWN_HOLDS: &str = "SELECT id FROM holds WHERE id = ANY ($1::uuid[])";

const ADJUSTMENTS: &str = "
    SELECT id, pool_id, units, free_after, applied_at FROM adjustments
    WHERE id = ANY ($1::uuid[])";

const COUNTS: &str = "SELECT id, version, free FROM pools WHERE id = ANY ($1::bigint[])";

/// The recorded holds among these ids. Most ids that are asked for are new, which the key alone tells.
pub(crate) async fn recorded_holds(
    client: &impl GenericClient,
    ids: &Vec<Uuid>,
) -> Result<HashMap<HoldId, Hold>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let statement = client.prepare_cached(KNOWN_HOLDS).await?;
    let known = client.query(&statement, &[ids]).await?;
    if known.is_empty() {
        return Ok(HashMap::new());
    }
    let known: Vec<Uuid> = known
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?;
    let statement = client.prepare_cached(HOLDS).await?;
    holds_of(&client.query(&statement, &[&known]).await?)
}

/// The recorded adjustments among these ids.
pub(crate) async fn recorded_adjustments(
    client: &impl GenericClient,
    ids: &Vec<Uuid>,
) -> Result<HashMap<Uuid, Adjustment>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let statement = client.prepare_cached(ADJUSTMENTS).await?;
    client
        .query(&statement, &[ids])
        .await?
        .iter()
        .map(adjustment_of)
        .collect()
}

/// The free units of these pools, now.
///
/// # Errors
/// When the database can't answer.
pub async fn pool_counts(
    client: &impl GenericClient,
    pools: &[PoolId],
) -> Result<Vec<PoolCount>, StoreError> {
    let ids: Vec<i64> = pools.iter().map(|id| id.0).collect();
    let statement = client.prepare_cached(COUNTS).await?;
    let rows = client.query(&statement, &[&ids]).await?;
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

/// Pools that have holds whose time has run out, of the first `limit` such holds. A transaction of its
/// own.
///
/// # Errors
/// When the database can't answer.
pub(crate) async fn pools_with_lapsed_holds(
    client: &impl GenericClient,
    limit: i64,
) -> Result<Vec<PoolId>, StoreError> {
    let statement = client
        .prepare_cached(
            "SELECT DISTINCT leg.pool_id
             FROM (SELECT id FROM holds
                   WHERE status = 'held' AND expires_at <= clock_timestamp()
                   ORDER BY expires_at LIMIT $1) lapsed
             JOIN hold_legs leg ON leg.hold_id = lapsed.id",
        )
        .await?;
    client
        .batch_execute(&format!("BEGIN READ ONLY; {BY_KEYS}"))
        .await?;
    let rows = client.query(&statement, &[&limit]).await?;
    client.batch_execute("COMMIT").await?;
    rows.iter().map(|row| Ok(PoolId(row.try_get(0)?))).collect()
}

/// Whether anybody has units of a pool in a hold, held or sold.
pub(crate) async fn has_live_holds(
    client: &impl GenericClient,
    pool: PoolId,
) -> Result<bool, StoreError> {
    let statement = client
        .prepare_cached("SELECT held + sold > adjusted FROM pools WHERE id = $1")
        .await?;
    let row = client.query_opt(&statement, &[&pool.0]).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?.unwrap_or(false))
}
