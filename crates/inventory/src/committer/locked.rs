//! Decides and commits a batch under locks (pessimistic locking): the way that decides whatever the other can't.

use std::sync::Arc;

use deadpool_postgres::Client;
use domain::sale_rules::SalesPolicy;

use super::batch::{Committed, Submission, commands, rows_of, write_and_commit};
use super::error::CommitError;
use super::memory::Memory;
use crate::decide::decide;
use crate::store::{DecidedAt, Repeats, load_locked, prepare};

/// One transaction: loads the rows and locks their pools, decides, writes, commits.
pub(super) async fn commit_locked(
    client: &Client,
    batch: &[Arc<Submission>],
    repeats: Repeats,
    sales: SalesPolicy,
    memory: &Memory,
) -> Result<Committed, CommitError> {
    let commands = commands(batch);
    memory.forget(&commands);
    let mut loaded = load_locked(client, &commands, repeats).await?;
    if loaded.is_incomplete {
        return Err(CommitError::NeedsLocks(
            "a hold appeared while the batch waited for its locks".to_owned(),
        ));
    }
    let (verdicts, changes) = decide(&mut loaded.state, &commands, loaded.now, sales);
    let write = prepare(client, &changes, &[], DecidedAt::Read(loaded.now)).await?;
    let rows = rows_of(client, batch, &verdicts).await?;
    crash_points::point("commit.before");
    let time = write_and_commit(client, &write, &rows).await?;
    crash_points::point("commit.after");
    memory.read_clock(time);
    memory.keep(loaded.into());
    Ok(Committed {
        verdicts,
        counts: changes.counts().collect(),
    })
}
