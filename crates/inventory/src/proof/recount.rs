//! The re-count in the background: adds up each pool's ledger from the first entry that is not archived.
//!
//! It goes from pool to pool, a range in each transaction, for minutes or hours, and remembers how far it came, so
//! that any replica goes on. What it finds, each proof tells.

use std::time::Duration;

use deadpool_postgres::{Client, GenericClient, Pool as Database};
use service_core::connections::on_connection;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::check::{BY_KEYS, From, checked};
use crate::store::StoreError;

/// How often it is asked whether one is due, and broken pools are counted again.
const PAUSE: Duration = Duration::from_secs(60);

/// A range is followed by a pause of so many times what it took: a fifth of one processor at most.
const PAUSE_BETWEEN: u32 = 4;

/// The time that a range should take: its number of pools is halved or doubled to come close.
const RANGE_TIME: Duration = Duration::from_millis(500);
const POOLS_MAX: i64 = 10_000;
const POOLS_FIRST: i64 = 100;

/// Time limit of a range: a single pool may have millions of entries.
const TIMEOUT: Duration = Duration::from_secs(600);

/// The advisory lock of the replica that counts: the bytes of "recounts" as a number.
const LOCK: i64 = 0x7265_636f_756e_7473;

/// The id under which the sums of the settled pools are reported. No pool has it.
const SETTLED_SUMS: i64 = 0;

const BEGIN: &str = "
    UPDATE ledger_progress
    SET recount_started_at = now(), recount_after = '-9223372036854775808', recount_pools = 0
    WHERE recount_started_at IS NULL AND recount_due_at <= now()";

const AFTER: &str =
    "SELECT recount_after FROM ledger_progress WHERE recount_started_at IS NOT NULL";

const NEXT_POOLS: &str = "SELECT id FROM pools WHERE id > $1 ORDER BY id LIMIT $2";

/// Ids in a range that have entries, but no pool.
const UNKNOWN_POOLS: &str = "
    SELECT DISTINCT pool_id FROM ledger
    WHERE pool_id > $1 AND pool_id <= $2 AND NOT EXISTS (SELECT FROM pools WHERE id = pool_id)";

const BROKEN_POOLS: &str = "
    SELECT coalesce(array_agg(pool_id), '{}') FROM (
        SELECT pool_id FROM proof_violations WHERE by_recount AND pool_id <> $1
        ORDER BY found_at LIMIT 100
    ) broken";

/// A pool that is mended stays noted until it has a checkpoint.
const SAVE: &str = "
    , broken AS (
        INSERT INTO proof_violations (pool_id, what, by_recount, found_at)
        SELECT pool_id, what, true, now() FROM checked WHERE what IS NOT NULL
        ON CONFLICT (pool_id) DO UPDATE SET what = excluded.what, by_recount = true
        RETURNING pool_id
    ), mended AS (
        UPDATE proof_violations found SET by_recount = false FROM checked
        WHERE found.pool_id = checked.pool_id AND checked.what IS NULL AND found.by_recount
    )
    SELECT count(*) FROM broken";

const GO_ON: &str = "
    UPDATE ledger_progress SET recount_after = $1, recount_pools = recount_pools + $2";

const END: &str = "
    UPDATE ledger_progress
    SET recount_started_at = NULL, recounted_at = now(), recounted_pools = recount_pools,
        recount_due_at = now() + interval '1 day'";

/// Notes that the sums of the settled pools differ from their checkpoints, or that they don't.
const SETTLED: &str = "
    WITH differing AS (
        SELECT FROM ledger_progress, (
            SELECT count(*) AS pools, coalesce(sum(capacity), 0) AS capacity, coalesce(sum(free), 0) AS free,
                   coalesce(sum(held), 0) AS held, coalesce(sum(sold), 0) AS sold
            FROM pool_checkpoints WHERE settled
        ) sums
        WHERE (settled_pools, settled_capacity, settled_free, settled_held, settled_sold)
              <> (pools, capacity, free, held, sold)
    ), mended AS (
        DELETE FROM proof_violations WHERE pool_id = $1 AND NOT EXISTS (SELECT FROM differing)
    )
    INSERT INTO proof_violations (pool_id, what, by_recount, found_at)
    SELECT $1, 'the sums of the settled pools do not add up', true, now() FROM differing
    ON CONFLICT (pool_id) DO NOTHING";

/// What a step of the re-count did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// None is due, or another session is counting.
    Idle,
    /// A range was counted.
    Counted {
        /// How many of its pools contradict themselves.
        broken: i64,
    },
    /// The last range was counted.
    Ended {
        /// How many of its pools contradict themselves.
        broken: i64,
    },
}

/// Counts the next range of so many pools; begins a re-count if one is due (`ledger_progress.recount_due_at`).
///
/// # Errors
/// When the database fails or does not answer.
pub async fn step(client: &impl GenericClient, pools: i64) -> Result<Step, StoreError> {
    in_transaction(client, async || {
        client.execute(BEGIN, &[]).await?;
        let Some(row) = client.query_opt(AFTER, &[]).await? else {
            return Ok(Step::Idle);
        };
        let after: i64 = row.try_get(0)?;
        let rows = client.query(NEXT_POOLS, &[&after, &pools]).await?;
        let mut ids = rows
            .iter()
            .map(|row| row.try_get(0))
            .collect::<Result<Vec<i64>, _>>()?;
        let is_last = i64::try_from(ids.len()).is_ok_and(|count| count < pools);
        let until = match ids.last() {
            Some(last) if !is_last => *last,
            _ => i64::MAX,
        };
        let counted = i64::try_from(ids.len()).unwrap_or(i64::MAX);
        for row in client.query(UNKNOWN_POOLS, &[&after, &until]).await? {
            ids.push(row.try_get(0)?);
        }
        let broken = count(client, &ids).await?;
        client.execute(GO_ON, &[&until, &counted]).await?;
        if !is_last {
            return Ok(Step::Counted { broken });
        }
        client.execute(SETTLED, &[&SETTLED_SUMS]).await?;
        client.execute(END, &[]).await?;
        Ok(Step::Ended { broken })
    })
    .await
    .map(|step| step.unwrap_or(Step::Idle))
}

/// Counts the pools again in which a re-count found something: whether they are mended.
///
/// # Errors
/// When the database fails or does not answer.
pub async fn again(client: &impl GenericClient) -> Result<(), StoreError> {
    in_transaction(client, async || {
        let row = client.query_one(BROKEN_POOLS, &[&SETTLED_SUMS]).await?;
        let broken: Vec<i64> = row.try_get(0)?;
        if !broken.is_empty() {
            count(client, &broken).await?;
        }
        Ok(())
    })
    .await?;
    Ok(())
}

/// Counts these pools and notes which contradict themselves; returns how many.
async fn count(client: &impl GenericClient, pools: &[i64]) -> Result<i64, StoreError> {
    let query = format!("{}{SAVE}", checked(From::FirstEntry));
    Ok(client.query_one(&query, &[&pools]).await?.try_get(0)?)
}

/// Runs work in a transaction with one snapshot; `None` if another session is counting.
async fn in_transaction<T>(
    client: &impl GenericClient,
    work: impl AsyncFnOnce() -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let begin = format!("BEGIN ISOLATION LEVEL REPEATABLE READ; {BY_KEYS}");
    client.batch_execute(&begin).await?;
    let done = async {
        let lock = "SELECT pg_try_advisory_xact_lock($1)";
        if !client.query_one(lock, &[&LOCK]).await?.try_get(0)? {
            return Ok(None);
        }
        work().await.map(Some)
    };
    let done = done.await;
    let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    client.batch_execute(end).await?;
    done
}

/// Counts all pools once a day, until cancelled.
pub async fn keep(database: Database, stop: CancellationToken) {
    let mut pools = POOLS_FIRST;
    let mut pause = PAUSE;
    while stop.run_until_cancelled(sleep(pause)).await.is_some() {
        let began = Instant::now();
        let counting = on_connection(&database, began + TIMEOUT, async |client: &Client| {
            if pause == PAUSE {
                again(client).await?;
            }
            step(client, pools).await
        });
        let Some(counted) = stop.run_until_cancelled(counting).await else {
            return;
        };
        let took = began.elapsed();
        pause = PAUSE;
        match counted {
            Ok(Step::Idle) => {}
            Ok(Step::Counted { broken }) => {
                tell(broken);
                pause = took * PAUSE_BETWEEN;
                if took > RANGE_TIME {
                    pools = (pools / 2).max(1);
                } else if took < RANGE_TIME / 2 {
                    pools = (pools * 2).min(POOLS_MAX);
                }
            }
            Ok(Step::Ended { broken }) => {
                tell(broken);
                tracing::info!("the ledger is counted from its first entry");
            }
            Err(error) => {
                pools = (pools / 2).max(1);
                tracing::warn!(%error, "counting the ledger failed");
            }
        }
    }
}

fn tell(broken: i64) {
    if broken > 0 {
        tracing::error!(
            pools = broken,
            "a re-count found pools that contradict their ledger"
        );
    }
}
