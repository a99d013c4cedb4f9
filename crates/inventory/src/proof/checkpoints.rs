//! Moves the checkpoints on: the pools that changed are compared, from their last checkpoints, and get new ones.
//!
//! Any replica does it, one at a time (an advisory lock), in transactions of bounded size. They write no row that a
//! sale writes. A pool that contradicts itself keeps its last good checkpoint and is noted in `proof_violations`.

use std::time::Duration;

use deadpool_postgres::{Client, GenericClient, Pool as Database};
use jiff::{SignedDuration, Timestamp};
use service_core::connections::on_connection;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::check::{BY_KEYS, From, checked};
use crate::store::StoreError;

/// Pause between passes: what is entered meanwhile is what a proof has to add up.
const INTERVAL: Duration = Duration::from_secs(5);

/// Entries this young wait for the next pass: their batch's time is older than its commit, and entries that
/// become visible behind `covered_until` would be missed where the pool is settled.
const LAG: SignedDuration = SignedDuration::from_secs(5);

/// Entries of a pass: some tenths of a second.
const ENTRIES_MAX: i64 = 50_000;

/// A pass is followed by a pause of so many times what it took: while entries wait, and at rest.
const PAUSE_BEHIND: u32 = 1;
const PAUSE: u32 = 9;

/// How often pools are looked for that settle as time goes by, and most of them in a pass.
const SETTLE_INTERVAL: Duration = Duration::from_secs(3600);
const SETTLE_MAX: i64 = 10_000;

/// Most pools that contradicted themselves in a pass: whether they are mended.
const BROKEN_MAX: i64 = 100;

/// Time limit of a pass.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The advisory lock of the replica that moves the checkpoints: the bytes of "chkpoint" as a number.
const LOCK: i64 = 0x6368_6b70_6f69_6e74;

/// Whether anything waits to be covered: one look-up where nothing was entered.
const IS_BEHIND: &str = "
    SELECT (SELECT entered_at FROM ledger
            WHERE entered_at >= (SELECT covered_until FROM ledger_progress) AND entered_at < $1
            ORDER BY entered_at LIMIT 1) IS NOT NULL
           OR EXISTS (SELECT FROM proof_violations WHERE NOT by_recount)";

/// The time until which a pass covers: the given one, unless too many entries come before; and whether so.
const UNTIL: &str = "
    SELECT coalesce(far, greatest($1, covered_until)), far IS NOT NULL
    FROM (
        SELECT covered_until, (
            SELECT greatest(entered_at, covered_until + interval '1 microsecond') FROM ledger
            WHERE entered_at >= covered_until AND entered_at < $1
            ORDER BY entered_at OFFSET $2 LIMIT 1
        ) AS far
        FROM ledger_progress
    ) progress";

/// The pools of a pass.
const POOLS: &str = "
    SELECT coalesce(array_agg(DISTINCT pool_id), '{}') FROM (
        SELECT pool_id FROM ledger
        WHERE entered_at >= (SELECT covered_until FROM ledger_progress) AND entered_at < $1
        UNION ALL
        (SELECT pool_id FROM proof_violations WHERE NOT by_recount ORDER BY found_at LIMIT $2)
        UNION ALL
        (SELECT pool_id FROM pool_checkpoints WHERE NOT settled AND settles_at <= now() LIMIT $3)
    ) changed";

const SAVE: &str = "
    , saved AS (
        INSERT INTO pool_checkpoints (pool_id, version, capacity, free, held, sold, adjusted, checked_at,
                                      settles_at, settled)
        SELECT pool_id, version, capacity, free, held, sold, adjusted, now(), settles_at, settles_at <= now()
        FROM checked WHERE what IS NULL
        ON CONFLICT (pool_id) DO UPDATE
        SET version = excluded.version, capacity = excluded.capacity, free = excluded.free,
            held = excluded.held, sold = excluded.sold, adjusted = excluded.adjusted,
            checked_at = excluded.checked_at, settles_at = excluded.settles_at, settled = excluded.settled
    ), broken AS (
        INSERT INTO proof_violations (pool_id, what, by_recount, found_at)
        SELECT pool_id, what, false, now() FROM checked WHERE what IS NOT NULL
        ON CONFLICT (pool_id) DO NOTHING
    ), mended AS (
        DELETE FROM proof_violations found USING checked
        WHERE found.pool_id = checked.pool_id AND checked.what IS NULL AND NOT found.by_recount
    ), settled AS (
        SELECT (settles_at <= now())::int AS is_now, is_settled::int AS was, checked.*
        FROM checked WHERE what IS NULL
    ), change AS (
        SELECT coalesce(sum(is_now - was), 0) AS pools,
               coalesce(sum(is_now * capacity - was * coalesce(saved_capacity, 0)), 0) AS capacity,
               coalesce(sum(is_now * free - was * coalesce(saved_free, 0)), 0) AS free,
               coalesce(sum(is_now * held - was * coalesce(saved_held, 0)), 0) AS held,
               coalesce(sum(is_now * sold - was * coalesce(saved_sold, 0)), 0) AS sold
        FROM settled
    )
    UPDATE ledger_progress
    SET covered_until = $2, settled_pools = settled_pools + change.pools,
        settled_capacity = settled_capacity + change.capacity, settled_free = settled_free + change.free,
        settled_held = settled_held + change.held, settled_sold = settled_sold + change.sold
    FROM change
    RETURNING (SELECT count(*) FROM checked WHERE what IS NOT NULL)";

/// What a pass did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Entries before this time are covered.
    pub until: Timestamp,
    /// More entries wait, old enough to be covered.
    pub is_behind: bool,
    /// How many pools contradicted themselves.
    pub broken: i64,
}

/// Moves the checkpoints on by one pass, up to entries before this time at most; `None` if another session is
/// doing it. Entries before it must be visible: none of their batches may still be under way.
///
/// # Errors
/// When the database fails or does not answer.
pub async fn advance(
    client: &impl GenericClient,
    until: Timestamp,
) -> Result<Option<Pass>, StoreError> {
    let begin = format!("BEGIN ISOLATION LEVEL REPEATABLE READ; {BY_KEYS}");
    client.batch_execute(&begin).await?;
    let pass = pass(client, until).await;
    let end = if pass.is_ok() { "COMMIT" } else { "ROLLBACK" };
    client.batch_execute(end).await?;
    pass
}

async fn pass(client: &impl GenericClient, limit: Timestamp) -> Result<Option<Pass>, StoreError> {
    let lock = "SELECT pg_try_advisory_xact_lock($1)";
    if !client.query_one(lock, &[&LOCK]).await?.try_get(0)? {
        return Ok(None);
    }
    let row = client.query_one(UNTIL, &[&limit, &ENTRIES_MAX]).await?;
    let (until, is_behind): (Timestamp, bool) = (row.try_get(0)?, row.try_get(1)?);
    let row = client
        .query_one(POOLS, &[&until, &BROKEN_MAX, &SETTLE_MAX])
        .await?;
    let pools: Vec<i64> = row.try_get(0)?;
    let save = format!("{}{SAVE}", checked(From::Checkpoint));
    let row = client.query_one(&save, &[&pools, &until]).await?;
    Ok(Some(Pass {
        until,
        is_behind,
        broken: row.try_get(0)?,
    }))
}

/// Keeps the checkpoints close to the present, until cancelled. It costs one look-up each time where nothing was
/// entered.
pub async fn keep(database: Database, stop: CancellationToken) {
    let mut pause = INTERVAL;
    let mut settled_at = None;
    let mut broken = 0;
    while stop.run_until_cancelled(sleep(pause)).await.is_some() {
        let began = Instant::now();
        let settles = settled_at.is_none_or(|at: Instant| at.elapsed() >= SETTLE_INTERVAL);
        let passing = on_connection(&database, began + TIMEOUT, async |client: &Client| {
            pass_if_behind(client, settles).await
        });
        let Some(passed) = stop.run_until_cancelled(passing).await else {
            return;
        };
        let took = began.elapsed();
        pause = INTERVAL.max(took * PAUSE);
        match passed {
            Ok(Some(pass)) => {
                if pass.broken > broken {
                    let pools = pass.broken;
                    tracing::error!(
                        pools,
                        "pools contradict their ledger: see the ledger's proof"
                    );
                }
                broken = pass.broken;
                if pass.is_behind {
                    pause = took * PAUSE_BEHIND;
                } else if settles {
                    settled_at = Some(began);
                }
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "moving the ledger's checkpoints failed"),
        }
    }
}

async fn pass_if_behind(client: &Client, settles: bool) -> Result<Option<Pass>, StoreError> {
    let now: Timestamp = client
        .query_one("SELECT clock_timestamp()", &[])
        .await?
        .try_get(0)?;
    let until = now.saturating_sub(LAG).unwrap_or(now);
    let is_behind = client.query_one(IS_BEHIND, &[&until]).await?;
    if settles || is_behind.try_get(0)? {
        advance(client, until).await
    } else {
        Ok(None)
    }
}
