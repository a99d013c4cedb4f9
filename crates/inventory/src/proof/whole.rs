//! The re-count of everything in one snapshot.

use deadpool_postgres::GenericClient;

use super::report::{Proof, VIOLATIONS_MAX, violation};
use crate::store::StoreError;

/// Each pool's counts against the sums of its ledger, its live holds and its live seats, and its checkpoint.
const VIOLATIONS: &str = "
    WITH balance AS (
        SELECT pool_id, account, sum(units) AS units
        FROM (SELECT pool_id, to_account AS account, units::bigint FROM ledger
              UNION ALL
              SELECT pool_id, from_account, -units::bigint FROM ledger
              UNION ALL
              SELECT pool_id, account, units::bigint
              FROM archived_sums,
                   LATERAL (VALUES ('issued', -capacity), ('free', free), ('held', held), ('sold', sold))
                       AS archived (account, units)) movement
        GROUP BY pool_id, account
    ), ledger_sums AS (
        SELECT pool_id,
               -coalesce(sum(units) FILTER (WHERE account = 'issued'), 0) AS capacity,
               coalesce(sum(units) FILTER (WHERE account = 'free'), 0) AS free,
               coalesce(sum(units) FILTER (WHERE account = 'held'), 0) AS held,
               coalesce(sum(units) FILTER (WHERE account = 'sold'), 0) AS sold
        FROM balance GROUP BY pool_id
    ), hold_sums AS (
        SELECT leg.pool_id,
               coalesce(sum(leg.units) FILTER (WHERE hold.status = 'held'), 0) AS held,
               coalesce(sum(leg.units) FILTER (WHERE hold.status = 'sold'), 0) AS sold,
               coalesce(sum(cardinality(leg.seats)), 0) AS seats
        FROM hold_legs leg JOIN holds hold ON hold.id = leg.hold_id
        WHERE hold.status IN ('held', 'sold')
        GROUP BY leg.pool_id
    ), seat_sums AS (
        SELECT pool_id, count(*) AS seats FROM live_seats GROUP BY pool_id
    ), gaps AS (
        SELECT DISTINCT pool_id FROM (
            SELECT pool_id FROM ledger GROUP BY pool_id, version HAVING max(line) <> count(*) - 1
        ) versions
    ), checked AS (
        SELECT pool.id,
               CASE
                   WHEN pool.free < 0 OR pool.free + pool.held + pool.sold <> pool.capacity
                       THEN 'the counts do not add up to the capacity'
                   WHEN (pool.capacity, pool.free, pool.held, pool.sold)
                        IS DISTINCT FROM
                        (coalesce(ledger.capacity, 0), coalesce(ledger.free, 0),
                         coalesce(ledger.held, 0), coalesce(ledger.sold, 0))
                       THEN 'the ledger does not add up to the counts'
                   WHEN gaps.pool_id IS NOT NULL
                       THEN 'the ledger has a gap'
                   WHEN pool.version < saved.version
                       THEN 'the pool is older than its checkpoint'
                   WHEN pool.version = saved.version
                        AND (pool.capacity, pool.free, pool.held, pool.sold, pool.adjusted)
                            <> (saved.capacity, saved.free, saved.held, saved.sold, saved.adjusted)
                       THEN 'the checkpoint does not add up'
                   WHEN (pool.held, pool.sold - pool.adjusted - coalesce(archived.hold_units, 0))
                        IS DISTINCT FROM (coalesce(live.held, 0), coalesce(live.sold, 0))
                       THEN 'the live holds do not add up to the counts'
                   WHEN coalesce(live.seats, 0) + coalesce(archived.hold_seats, 0) <> coalesce(seat.seats, 0)
                       THEN 'the live seats are not those of the live holds'
               END AS what
        FROM pools pool
        LEFT JOIN ledger_sums ledger ON ledger.pool_id = pool.id
        LEFT JOIN hold_sums live ON live.pool_id = pool.id
        LEFT JOIN seat_sums seat ON seat.pool_id = pool.id
        LEFT JOIN gaps ON gaps.pool_id = pool.id
        LEFT JOIN pool_checkpoints saved ON saved.pool_id = pool.id
        LEFT JOIN archived_sums archived ON archived.pool_id = pool.id
    )
    SELECT id AS pool_id, what FROM checked WHERE what IS NOT NULL
    UNION ALL
    SELECT pool_id, 'there are entries of this pool, but no pool'
    FROM (SELECT pool_id FROM ledger_sums UNION SELECT pool_id FROM hold_legs
          UNION SELECT pool_id FROM adjustments) entered
    WHERE NOT EXISTS (SELECT FROM pools WHERE pools.id = entered.pool_id)
    UNION ALL
    SELECT DISTINCT pool_id, 'there are units of a hold, but no hold'
    FROM hold_legs
    WHERE NOT EXISTS (SELECT FROM holds WHERE holds.id = hold_legs.hold_id)
    ORDER BY pool_id LIMIT $1";

const TOTALS: &str = "
    SELECT count(*), coalesce(sum(capacity), 0)::bigint, coalesce(sum(free), 0)::bigint,
           coalesce(sum(held), 0)::bigint, coalesce(sum(sold), 0)::bigint
    FROM pools";

/// Counts all pools from the first entry, and looks for legs, entries and adjustments that belong to nothing. Run
/// it in one REPEATABLE READ transaction, so that its queries see the same snapshot. It reads all tables whole.
///
/// # Errors
/// When the database fails or does not answer.
pub async fn prove_whole(client: &impl GenericClient) -> Result<Proof, StoreError> {
    let totals = client.query_one(TOTALS, &[]).await?;
    let limit = i64::try_from(VIOLATIONS_MAX).unwrap_or(i64::MAX);
    let violations = client.query(VIOLATIONS, &[&limit]).await?;
    Ok(Proof {
        pools: totals.try_get(0)?,
        capacity: totals.try_get(1)?,
        free: totals.try_get(2)?,
        held: totals.try_get(3)?,
        sold: totals.try_get(4)?,
        violations: violations
            .iter()
            .map(violation)
            .collect::<Result<_, StoreError>>()?,
        recounted: None,
    })
}
