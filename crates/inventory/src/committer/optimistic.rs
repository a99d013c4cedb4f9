//! Decides and commits a batch without locks (optimistic locking): on rows that are known from the last batches, or
//! read without locks, and with one statement that compares the versions of their pools and writes everything.

use std::sync::Arc;

use deadpool_postgres::Client;
use domain::sale_rules::SalesPolicy;
use jiff::Timestamp;

use super::batch::{Committed, Submission, commands, rows_of, write_and_commit};
use super::error::CommitError;
use super::memory::Memory;
use crate::command::Command;
use crate::decide::decide;
use crate::row_cache::WorkingSet;
use crate::state::{PoolCount, StateDiff};
use crate::store::{DecidedAt, StoreError, Write, load_unlocked, prepare};
use crate::verdict::Verdict;

/// One statement, which is a transaction by itself, or is in one with the rows of callers: a round trip. Rows that
/// are not known cost another.
pub(super) async fn commit_optimistic(
    client: &Client,
    batch: &[Arc<Submission>],
    now: Timestamp,
    sales: SalesPolicy,
    memory: &Memory,
) -> Result<Committed, CommitError> {
    let commands = commands(batch);
    // Whatever happens before the commit: the rows are not in memory any more.
    let mut set = working_set(client, &commands, now, memory).await?;
    let (verdicts, changes) = decide(&mut set.state, &commands, now, sales);
    if has_refused_adjustment(&commands, &verdicts) {
        let reason = "a refused adjustment may be recorded".to_owned();
        return Err(CommitError::NeedsLocks(reason));
    }
    let unchanged = unchanged(&set, &changes);
    let decided_at = DecidedAt::Extrapolated(now);
    let write = prepare(client, &changes, &unchanged, decided_at).await?;
    let rows = rows_of(client, batch, &verdicts).await?;
    crash_points::point("commit.before");
    let time = commit(client, &write, &rows).await?;
    crash_points::point("commit.after");
    memory.read_clock(time);
    memory.keep(set);
    Ok(Committed {
        verdicts,
        counts: changes.counts().collect(),
    })
}

/// The rows of a batch: those that are known, and the others read.
async fn working_set(
    client: &Client,
    commands: &[&Command],
    now: Timestamp,
    memory: &Memory,
) -> Result<WorkingSet, CommitError> {
    let mut set = memory.take(commands, now);
    if set.is_complete() {
        return Ok(set);
    }
    let loaded = load_unlocked(client, &set.missing_pools, &set.missing_holds).await?;
    memory.merge(&mut set, loaded, now)?;
    Ok(set)
}

/// Whether an adjustment was refused. It counts as new, and leaves no row whose insert would fail if it is not: an
/// accepted one that is repeated has to be looked up.
fn has_refused_adjustment(commands: &[&Command], verdicts: &[Verdict]) -> bool {
    let mut decided = commands.iter().zip(verdicts);
    decided.any(|(command, verdict)| verdict.is_err() && command.adjustment().is_some())
}

/// The pools that were looked at and are not changed. A refusal, too, is decided on their rows.
fn unchanged(set: &WorkingSet, changes: &StateDiff) -> Vec<PoolCount> {
    let pools = set.state.pools.iter();
    pools
        .filter(|(id, _)| !changes.pools.contains_key(id) && !changes.new_pools.contains_key(id))
        .map(|(id, pool)| pool.count(*id))
        .collect()
}

async fn commit(client: &Client, write: &Write, rows: &[Write]) -> Result<Timestamp, StoreError> {
    if rows.is_empty() {
        return write.commit(client).await;
    }
    let begin = async { Ok(client.batch_execute("BEGIN").await?) };
    let write = write_and_commit(client, write, rows);
    let ((), time) = futures_util::future::try_join(begin, write).await?;
    Ok(time)
}
