//! Reads outside a batch.

use std::collections::HashMap;

use deadpool_postgres::GenericClient;
use domain::{HoldId, PoolId};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::decode::{adjustment_of, holds_of};
use super::error::StoreError;
use crate::state::PoolCount;
use crate::state::{Adjustment, Hold};

pub(super) const HOLDS: &str = "
    SELECT hold.id, hold.owner, hold.status, hold.refusal, hold.request_digest, hold.expires_at,
           hold.seat_change, hold.seat_change_refusal, leg.pool_id, leg.units, leg.seats
    FROM holds hold LEFT JOIN hold_legs leg ON leg.hold_id = hold.id
    WHERE hold.id = ANY ($1::uuid[])
    ORDER BY hold.id, leg.pool_id";

const KNOWN_HOLDS: &str = "SELECT id FROM holds WHERE id = ANY ($1::uuid[])";

const ADJUSTMENTS: &str = "
    SELECT id, pool_id, units, free_after, applied_at FROM adjustments
    WHERE id = ANY ($1::uuid[])";

/// Units of expired holds count as free, recorded or not. Of thousands only some are summed: enough to know that
/// units are free.
const COUNTS: &str = "
    SELECT pool.id, pool.version, (pool.free + coalesce(lapsed.units, 0))::integer AS free
    FROM pools pool
    CROSS JOIN LATERAL (
        SELECT sum(leg.units) AS units
        FROM (SELECT hold_id FROM hold_expiries
              WHERE pool_id = pool.id AND expires_at <= statement_timestamp() LIMIT 1000) expiry
        JOIN hold_legs leg ON leg.hold_id = expiry.hold_id AND leg.pool_id = pool.id
    ) lapsed
    WHERE pool.id = ANY ($1::bigint[])";

/// The recorded holds with these ids. Most requested ids are new; the primary key alone rules those out.
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

/// The recorded adjustments with these ids.
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

/// The current free units of these pools.
///
/// # Errors
/// When the database fails or does not answer.
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

/// An expired hold and its expiry.
pub(crate) type ExpiredHold = (Timestamp, HoldId);

/// In the order of an index, which ends where nothing more has expired. The first comparison is for the index, the
/// second for holds that expire at the same time. A hold has an expiry for each leg.
const EXPIRED_HOLDS: &str = "
    SELECT DISTINCT expires_at, hold_id FROM hold_expiries
    WHERE expires_at >= $1 AND (expires_at, hold_id) > ($1, $2)
      AND expires_at <= statement_timestamp()
    ORDER BY expires_at, hold_id LIMIT $3";

/// At most `limit` expired holds after this one, by expiry and id.
///
/// # Errors
/// When the database fails or does not answer.
pub(crate) async fn expired_holds(
    client: &impl GenericClient,
    (after, after_id): ExpiredHold,
    limit: i64,
) -> Result<Vec<ExpiredHold>, StoreError> {
    let statement = client.prepare_cached(EXPIRED_HOLDS).await?;
    let rows = client
        .query(&statement, &[&after, &after_id.0, &limit])
        .await?;
    let lapsed = |row: &Row| Ok((row.try_get(0)?, HoldId(row.try_get(1)?)));
    rows.iter().map(lapsed).collect()
}
