//! The proof of all pools, from their checkpoints.

use std::collections::BTreeSet;

use deadpool_postgres::GenericClient;
use domain::PoolId;

use super::check::{BY_KEYS, From, checked};
use super::report::{Proof, Recounted, VIOLATIONS_MAX, Violation};
use crate::store::StoreError;

/// The sums of the unsettled pools, and which of them differ from their checkpoints.
const UNSETTLED: &str = "
    SELECT count(pool.id), coalesce(sum(pool.capacity), 0)::bigint, coalesce(sum(pool.free), 0)::bigint,
           coalesce(sum(pool.held), 0)::bigint, coalesce(sum(pool.sold), 0)::bigint,
           coalesce(array_agg(saved.pool_id) FILTER (
               WHERE (pool.version, pool.capacity, pool.free, pool.held, pool.sold, pool.adjusted)
                     IS DISTINCT FROM (saved.version, saved.capacity, saved.free, saved.held, saved.sold,
                                       saved.adjusted)
           ), '{}')
    FROM pool_checkpoints saved LEFT JOIN pools pool ON pool.id = saved.pool_id
    WHERE NOT saved.settled";

/// Pools with entries that no checkpoint covers yet, and those that contradicted themselves.
const ENTERED: &str = "
    SELECT pool_id FROM ledger WHERE entered_at >= (SELECT covered_until FROM ledger_progress)
    UNION SELECT pool_id FROM proof_violations";

const PROGRESS: &str = "
    SELECT settled_pools, settled_capacity, settled_free, settled_held, settled_sold, recounted_at,
           recounted_pools
    FROM ledger_progress";

/// What the checked pools add to the sums of the unsettled and the settled ones, and the contradictions.
const OUTCOME: &str = "
    SELECT coalesce(sum(is_known::int - is_settled::int) FILTER (WHERE NOT is_unsettled), 0)::bigint,
           coalesce(sum(coalesce(capacity, 0) - CASE WHEN is_settled THEN saved_capacity ELSE 0 END)
                    FILTER (WHERE NOT is_unsettled), 0)::bigint,
           coalesce(sum(coalesce(free, 0) - CASE WHEN is_settled THEN saved_free ELSE 0 END)
                    FILTER (WHERE NOT is_unsettled), 0)::bigint,
           coalesce(sum(coalesce(held, 0) - CASE WHEN is_settled THEN saved_held ELSE 0 END)
                    FILTER (WHERE NOT is_unsettled), 0)::bigint,
           coalesce(sum(coalesce(sold, 0) - CASE WHEN is_settled THEN saved_sold ELSE 0 END)
                    FILTER (WHERE NOT is_unsettled), 0)::bigint,
           coalesce((array_agg(pool_id ORDER BY pool_id) FILTER (WHERE what IS NOT NULL))[1:$2], '{}'),
           coalesce((array_agg(what ORDER BY pool_id) FILTER (WHERE what IS NOT NULL))[1:$2], '{}')
    FROM checked";

/// Proves all pools from their checkpoints. Run it in one REPEATABLE READ transaction, so that its queries see
/// the same snapshot.
///
/// # Errors
/// When the database fails or does not answer.
pub async fn prove(client: &impl GenericClient) -> Result<Proof, StoreError> {
    client.batch_execute(BY_KEYS).await?;
    let unsettled = client.query_one(UNSETTLED, &[]).await?;
    let mut suspects: BTreeSet<i64> = unsettled.try_get::<_, Vec<i64>>(5)?.into_iter().collect();
    for row in client.query(ENTERED, &[]).await? {
        suspects.insert(row.try_get(0)?);
    }
    let suspects: Vec<i64> = suspects.into_iter().collect();
    let limit = i32::try_from(VIOLATIONS_MAX).unwrap_or(i32::MAX);
    let query = format!("{}{OUTCOME}", checked(From::Checkpoint));
    let outcome = client.query_one(&query, &[&suspects, &limit]).await?;
    let settled = client.query_one(PROGRESS, &[]).await?;
    let sum = |column: usize| -> Result<i64, StoreError> {
        let parts = [&unsettled, &outcome, &settled];
        let parts = parts.map(|row| row.try_get::<_, i64>(column));
        let mut sum = 0_i64;
        for part in parts {
            sum = sum.saturating_add(part?);
        }
        Ok(sum)
    };
    let pools: Vec<i64> = outcome.try_get(5)?;
    let whats: Vec<String> = outcome.try_get(6)?;
    let recounted: Option<_> = settled.try_get("recounted_at")?;
    let recounted_pools: Option<i64> = settled.try_get("recounted_pools")?;
    Ok(Proof {
        pools: sum(0)?,
        capacity: sum(1)?,
        free: sum(2)?,
        held: sum(3)?,
        sold: sum(4)?,
        violations: pools
            .into_iter()
            .zip(whats)
            .map(|(pool, what)| Violation {
                pool: PoolId(pool),
                what,
            })
            .collect(),
        recounted: recounted
            .zip(recounted_pools)
            .map(|(at, pools)| Recounted { at, pools }),
    })
}
