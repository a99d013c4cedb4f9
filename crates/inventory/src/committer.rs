//! The committer: decides commands and commits them in batches, one transaction per batch.
//!
//! Queueing, batching and bisection are in [`service_core::group_commit`]. A batch that met a lock, a lost
//! connection or an unknown commit outcome is retried here. The recorded ids then replay the first verdict of
//! what had been committed.
//!
//! A batch is tried without locks first (optimistic locking), and under locks if that fails, whatever the reason: what
//! a batch can do is decided there.

mod batch;
mod error;
mod locked;
mod memory;
mod optimistic;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Client, Pool};
use domain::sale_rules::SalesPolicy;
use jiff::Timestamp;
use service_core::connections::on_connection;
use service_core::group_commit::{GroupCommit, Limits};
use tokio::time::Instant;

use crate::state::PoolCount;
use crate::store::Repeats;
use crate::verdict::{InventoryError, Verdict};
pub use batch::Submission;
pub use error::CommitError;

use batch::Committed;
use locked::commit_locked;
use memory::Memory;
use optimistic::commit_optimistic;

/// Most commands in one transaction: enough to spread the cost of a commit, few enough that a batch takes
/// milliseconds.
pub const BATCH_LIMIT: usize = 256;

/// Length of the queue: a few dozen full batches, less than a second's work.
pub const QUEUE_LIMIT: usize = 8192;

/// Backoff between attempts of a batch; it doubles up to the longest pause.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// Called with the new counts after each commit, before the commands are answered.
pub type CountListener = Arc<dyn Fn(&[PoolCount]) + Send + Sync>;

/// The verdict of a command, or why there is none.
pub type Answer = Result<Verdict, InventoryError>;

/// The queue: commands are decided in order of arrival and committed in groups.
pub type Commits = GroupCommit<Arc<Submission>, Verdict, CommitError>;

/// Decides and commits batches, one at a time.
pub struct Committer {
    /// A connection pool that nobody else uses, so that reads never delay a sale, with the session settings of
    /// [`service_core::database::commit_pool`].
    pub database: Pool,
    /// When sales close.
    pub sales: SalesPolicy,
    /// How long a batch is retried before its callers get an error.
    pub commit_timeout: Duration,
    /// Called with the new counts after each commit.
    pub on_commit: CountListener,
}

/// A way to decide and commit a batch.
#[derive(Clone, Copy)]
enum Path {
    /// Without locks, at this time.
    Optimistic(Timestamp),
    /// Under locks.
    Locked(Repeats),
}

impl Path {
    fn is_optimistic(self) -> bool {
        matches!(self, Self::Optimistic(_))
    }

    /// In metrics.
    fn name(self) -> &'static str {
        match self {
            Self::Optimistic(_) => "optimistic",
            Self::Locked(_) => "locked",
        }
    }
}

impl Committer {
    /// Starts the committer. It runs until all handles are dropped.
    #[must_use]
    pub fn start(self) -> Commits {
        let limits = Limits {
            batch: BATCH_LIMIT,
            queue: QUEUE_LIMIT,
            wait: self.commit_timeout,
            linger: Duration::ZERO,
        };
        let (committer, memory) = (Arc::new(self), Arc::new(Memory::default()));
        GroupCommit::start("inventory", limits, move |batch| {
            let (committer, memory) = (Arc::clone(&committer), Arc::clone(&memory));
            async move { committer.run_batch(&batch, &memory).await }
        })
    }

    /// Runs a batch until its outcome is known, or `commit_timeout` has passed.
    async fn run_batch(
        &self,
        batch: &[Arc<Submission>],
        memory: &Memory,
    ) -> Result<Vec<Verdict>, CommitError> {
        let retry_until = Instant::now() + self.commit_timeout;
        let mut pause = FIRST_PAUSE;
        let optimistic = memory.optimistic_time().map(Path::Optimistic);
        let mut path = optimistic.unwrap_or(Path::Locked(Repeats::Unlikely));
        loop {
            let error = match self.try_batch(batch, path, memory, retry_until).await {
                Ok(Committed { verdicts, counts }) => {
                    metrics::counter!("inventory_batches_total", "path" => path.name())
                        .increment(1);
                    if path.is_optimistic() {
                        memory.hit();
                    }
                    self.notify(&counts);
                    crash_points::point("answer.before");
                    return Ok(verdicts);
                }
                Err(error) => error,
            };
            let was_optimistic = path.is_optimistic();
            path = Path::Locked(Repeats::Likely);
            match &error {
                // The pools are current. The bad command is found by bisection, and fails under locks at last.
                CommitError::Conflict(_) => return Err(error),
                CommitError::Data(_) if batch.len() > 1 => return Err(error),
                CommitError::Stale(_) if was_optimistic => memory.missed(),
                _ => {}
            }
            if was_optimistic && !matches!(error, CommitError::Again(_)) {
                tracing::debug!(%error, "locking the batch");
                continue;
            }
            if !error.may_pass() || Instant::now() + pause >= retry_until {
                return Err(error);
            }
            metrics::counter!("inventory_batch_retries_total").increment(1);
            tracing::debug!(%error, "retrying the batch");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Calls the listener. A panic there must not change the answer: the batch is committed.
    fn notify(&self, counts: &[PoolCount]) {
        if std::panic::catch_unwind(AssertUnwindSafe(|| (self.on_commit)(counts))).is_err() {
            metrics::counter!("panics_caught_total", "at" => "on_commit").increment(1);
            tracing::error!("count listener panicked");
        }
    }

    /// One attempt: one transaction, on a connection that is closed if the attempt fails midway.
    async fn try_batch(
        &self,
        batch: &[Arc<Submission>],
        path: Path,
        memory: &Memory,
        retry_until: Instant,
    ) -> Result<Committed, CommitError> {
        let attempt = async |client: &Client| match path {
            Path::Optimistic(now) => {
                match commit_optimistic(client, batch, now, self.sales, memory).await {
                    // The database has ended the statement or the transaction: the connection is as good as before.
                    Err(
                        error @ (CommitError::Stale(_)
                        | CommitError::NeedsLocks(_)
                        | CommitError::Conflict(_)),
                    ) => Ok(Err(error)),
                    outcome => outcome.map(Ok),
                }
            }
            Path::Locked(repeats) => commit_locked(client, batch, repeats, self.sales, memory)
                .await
                .map(Ok),
        };
        on_connection(&self.database, retry_until, attempt).await?
    }
}
