//! The comparison of some pools with their ledgers, holds and seats, as SQL.
//!
//! Pool by pool, each by look-ups, so that its cost depends on what is compared alone.

/// Where the sums of a pool's ledger begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// At the pool's checkpoint.
    Checkpoint,
    /// At the first entry that is not archived, with the sums of the archived ones.
    FirstEntry,
}

/// Planner settings for a check: look up by keys, whatever the statistics say, and compile nothing.
pub(super) const BY_KEYS: &str = "SET LOCAL jit = off; SET LOCAL enable_seqscan = off; \
    SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off";

/// Sums of entries by account, as the columns of pools have them. `adjusted` is the part of `sold` that has no hold.
const SUMS: &str = "
    coalesce(sum(CASE 'issued' WHEN from_account THEN units WHEN to_account THEN -units ELSE 0 END), 0) AS capacity,
    coalesce(sum(CASE 'free' WHEN to_account THEN units WHEN from_account THEN -units ELSE 0 END), 0) AS free,
    coalesce(sum(CASE 'held' WHEN to_account THEN units WHEN from_account THEN -units ELSE 0 END), 0) AS held,
    coalesce(sum(CASE 'sold' WHEN to_account THEN units WHEN from_account THEN -units ELSE 0 END), 0) AS sold,
    coalesce(sum(CASE 'sold' WHEN to_account THEN units WHEN from_account THEN -units ELSE 0 END)
             FILTER (WHERE reason IN ('adjust', 'create')), 0) AS adjusted";

/// An entry's version is above its pool's base. Entries carry the time of their batch, which is older than their
/// commit; a day is far longer than any batch takes, and spares the partitions of the months before.
const ENTRIES: &str = "
    ledger WHERE ledger.pool_id = wanted.pool_id AND ledger.version > base.version
             AND ledger.entered_at >= base.entered_from";

/// How long a pool is compared one by one after its start, or after its last change if it has no start.
const SETTLES_AT: &str =
    "coalesce(pool.starts_at + interval '1 day', pool.updated_at + interval '30 days')";

/// A `WITH` clause whose table `checked` has a row for each of the pools in `$1`: its row, its checkpoint, and what
/// contradicts (`what`, or NULL). Statements go on from it.
pub(super) fn checked(from: From) -> String {
    let (base, base_columns, checkpoint) = match from {
        From::Checkpoint => ("pool_checkpoints", CHECKPOINT_BASE, String::new()),
        From::FirstEntry => ("archived_sums", ARCHIVED_BASE, checkpoint_contradicts()),
    };
    // A re-count's finding stands until the next one.
    let found_before = match from {
        From::Checkpoint => {
            "(SELECT what FROM proof_violations found WHERE found.pool_id = wanted.pool_id AND by_recount)"
        }
        From::FirstEntry => "NULL::text",
    };
    format!(
        "WITH wanted AS (
            SELECT DISTINCT unnest($1::bigint[]) AS pool_id
        ), checked AS MATERIALIZED (
            SELECT wanted.pool_id, pool.id IS NOT NULL AS is_known, pool.version, pool.capacity, pool.free,
                   pool.held, pool.sold, pool.adjusted, {SETTLES_AT} AS settles_at,
                   coalesce(NOT saved.settled, false) AS is_unsettled,
                   coalesce(saved.settled, false) AS is_settled, saved.capacity AS saved_capacity,
                   saved.free AS saved_free, saved.held AS saved_held, saved.sold AS saved_sold,
                   CASE
                       WHEN pool.id IS NULL
                           THEN coalesce({found_before}, 'there are entries of this pool, but no pool')
                       WHEN pool.free < 0 OR pool.free + pool.held + pool.sold <> pool.capacity
                           THEN 'the counts do not add up to the capacity'
                       WHEN pool.version < saved.version
                           THEN 'the pool is older than its checkpoint'
                       WHEN moved.version > pool.version
                           THEN 'the ledger is newer than the pool'
                       WHEN (pool.capacity, pool.free, pool.held, pool.sold, pool.adjusted)
                            <> (base.capacity + moved.capacity, base.free + moved.free,
                                base.held + moved.held, base.sold + moved.sold,
                                base.adjusted + moved.adjusted)
                           THEN 'the ledger does not add up to the counts'
                       WHEN lines.are_missing
                           THEN 'the ledger has a gap'
                       {checkpoint}
                       WHEN live.are_missing
                           THEN 'there are units of a hold, but no hold'
                       WHEN live.differ
                           THEN 'the live holds do not add up to the counts'
                       WHEN seats.live <> CASE WHEN pool.layout IS NULL THEN 0
                                ELSE pool.held + pool.sold - pool.adjusted END
                           THEN 'the live seats are not those of the live holds'
                       ELSE {found_before}
                   END AS what
            FROM wanted
            LEFT JOIN pools pool ON pool.id = wanted.pool_id
            LEFT JOIN pool_checkpoints saved ON saved.pool_id = wanted.pool_id
            CROSS JOIN LATERAL (
                SELECT {base_columns} FROM (SELECT) one LEFT JOIN {base} sums ON sums.pool_id = wanted.pool_id
            ) base
            CROSS JOIN LATERAL (SELECT max(version) AS version, {SUMS} FROM {ENTRIES}) moved
            CROSS JOIN LATERAL (
                SELECT EXISTS (
                    SELECT FROM {ENTRIES} GROUP BY version HAVING max(line) <> count(*) - 1
                ) AS are_missing
            ) lines
            CROSS JOIN LATERAL (
                SELECT coalesce(bool_or(hold.id IS NULL OR leg.hold_id IS NULL), false) AS are_missing,
                       coalesce(bool_or(
                           leg.units <> latest.units
                           OR latest.to_account <> CASE WHEN hold.status IN ('held', 'sold') THEN hold.status
                                                        ELSE 'free' END
                       ), false) AS differ
                FROM (
                    SELECT DISTINCT ON (cause) cause, to_account, units
                    FROM {ENTRIES} AND cause IS NOT NULL AND reason <> 'adjust'
                    ORDER BY cause, version DESC, line DESC
                ) latest
                LEFT JOIN hold_legs leg
                    ON leg.hold_id = latest.cause AND leg.pool_id = wanted.pool_id
                LEFT JOIN holds hold ON hold.id = latest.cause
            ) live
            CROSS JOIN LATERAL (
                SELECT count(*) AS live FROM live_seats seat WHERE seat.pool_id = wanted.pool_id
            ) seats
        )"
    )
}

const CHECKPOINT_BASE: &str = "
    coalesce(sums.version, 0) AS version,
    coalesce(sums.checked_at - interval '1 day', '-infinity') AS entered_from,
    coalesce(sums.capacity, 0) AS capacity, coalesce(sums.free, 0) AS free,
    coalesce(sums.held, 0) AS held, coalesce(sums.sold, 0) AS sold,
    coalesce(sums.adjusted, 0) AS adjusted";

const ARCHIVED_BASE: &str = "
    0::bigint AS version, '-infinity'::timestamptz AS entered_from,
    coalesce(sums.capacity, 0) AS capacity, coalesce(sums.free, 0) AS free,
    coalesce(sums.held, 0) AS held, coalesce(sums.sold, 0) AS sold,
    coalesce(sums.adjusted, 0) AS adjusted";

/// Whether the entries up to the checkpoint's version come to something else than it says.
fn checkpoint_contradicts() -> String {
    format!(
        "WHEN (saved.capacity, saved.free, saved.held, saved.sold, saved.adjusted) <> (
             SELECT base.capacity + until.capacity, base.free + until.free, base.held + until.held,
                    base.sold + until.sold, base.adjusted + until.adjusted
             FROM (SELECT {SUMS} FROM {ENTRIES} AND ledger.version <= saved.version) until
         )
             THEN 'the checkpoint does not add up'"
    )
}
