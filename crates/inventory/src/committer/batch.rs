//! A batch of submissions.

use std::sync::Arc;

use deadpool_postgres::Client;
use futures_util::future::{try_join, try_join_all};
use jiff::Timestamp;

use crate::command::Command;
use crate::in_flight::Entry;
use crate::rows::{self, AnyRows};
use crate::state::PoolCount;
use crate::store::{StoreError, Write, prepare_rows};
use crate::verdict::Verdict;

use super::error::CommitError;

/// A queued command.
pub struct Submission {
    /// The command to decide.
    pub(crate) command: Command,
    /// The caller's own rows, written in the command's transaction.
    pub(crate) rows: Option<Box<dyn AnyRows>>,
    /// Dropped with the submission, once there is an answer, even if nobody waits for it any more.
    pub(crate) _entry: Option<Entry>,
}

/// A committed batch: the verdicts, in order, and the counts of the pools that it changed.
pub(super) struct Committed {
    pub(super) verdicts: Vec<Verdict>,
    pub(super) counts: Vec<PoolCount>,
}

pub(super) fn commands(batch: &[Arc<Submission>]) -> Vec<&Command> {
    batch.iter().map(|one| &one.command).collect()
}

/// Prepares the statements for the callers' rows of accepted commands.
pub(super) async fn rows_of(
    client: &Client,
    batch: &[Arc<Submission>],
    verdicts: &[Verdict],
) -> Result<Vec<Write>, CommitError> {
    let with_rows = batch.iter().map(|one| one.rows.as_deref());
    let rows = rows::statements(with_rows.zip(verdicts));
    Ok(prepare_rows(client, rows).await?)
}

/// Writes a batch and the callers' rows, and commits the transaction that was begun before. Returns the database's
/// time.
///
/// Pipelined: the server runs the statements in the order in which they are polled. If one fails, the server answers
/// the COMMIT with a rollback, and the statement has the error. One that can't even be sent fails before the COMMIT is
/// sent.
pub(super) async fn write_and_commit(
    client: &Client,
    write: &Write,
    rows: &[Write],
) -> Result<Timestamp, StoreError> {
    let rows = try_join_all(
        rows.iter()
            .map(async |row: &Write| row.execute(client).await),
    );
    let commit = async { Ok(client.batch_execute("COMMIT").await?) };
    let ((time, _), ()) = try_join(try_join(write.commit(client), rows), commit).await?;
    Ok(time)
}
