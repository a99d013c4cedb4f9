//! The committer: decides commands and commits them in batches, one transaction per batch.
//!
//! Queueing, batching and bisection are in [`service_core::group_commit`]. A batch that met a lock, a lost
//! connection or an unknown commit outcome is retried here. The recorded ids then replay the first verdict of
//! what had been committed.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Client, Pool, PoolError};
use futures_util::future::try_join;
use service_core::connections::on_connection;
use service_core::group_commit::{BatchError, GroupCommit, ItemFault, Limits};
use tokio::time::Instant;
use tokio_postgres::error::SqlState;

use crate::command::Command;
use crate::decide::decide;
use crate::in_flight::Entry;
use crate::rows::{self, AnyRows};
use crate::state::PoolCount;
use crate::store::{PLANNER_SETTINGS, Repeats, StoreError, execute, load, prepare, prepare_rows};
use crate::verdict::{InventoryError, Verdict};
use domain::sale_rules::SalesPolicy;

/// Most commands in one transaction: enough to spread the cost of a commit, few enough that a batch takes
/// milliseconds.
pub const BATCH_LIMIT: usize = 256;

/// Length of the queue: a few dozen full batches, less than a second's work.
pub const QUEUE_LIMIT: usize = 8192;

/// How long a batch waits for a lock before it releases its own locks and retries.
const LOCK_TIMEOUT: Duration = Duration::from_millis(200);

/// Backoff between attempts of a batch; it doubles up to the longest pause.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// The inventory's tables. A constraint on any other table concerns a caller's own rows.
const OWN_TABLES: [&str; 6] = [
    "pools",
    "holds",
    "hold_legs",
    "live_seats",
    "adjustments",
    "ledger",
];

/// Called with the new counts after each commit, before the commands are answered.
pub type CountListener = Arc<dyn Fn(&[PoolCount]) + Send + Sync>;

/// The verdict of a command, or why there is none.
pub type Answer = Result<Verdict, InventoryError>;

/// A queued command.
pub struct Submission {
    /// The command to decide.
    pub(crate) command: Command,
    /// The caller's own rows, written in the command's transaction.
    pub(crate) rows: Option<Box<dyn AnyRows>>,
    /// Dropped with the submission, once there is an answer, even if nobody waits for it any more.
    pub(crate) _entry: Option<Entry>,
}

/// The queue: commands are decided in order of arrival and committed in groups.
pub type Commits = GroupCommit<Arc<Submission>, Verdict, CommitError>;

/// Decides and commits batches, one at a time.
pub struct Committer {
    /// A connection pool that nobody else uses, so that reads never delay a sale.
    pub database: Pool,
    /// When sales close.
    pub sales: SalesPolicy,
    /// How long a batch is retried before its callers get an error.
    pub commit_timeout: Duration,
    /// Called with the new counts after each commit.
    pub on_commit: CountListener,
}

/// Why a batch did not commit, or is not known to have committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A retry may succeed: a lock, a lost connection, an id that another replica wrote first.
    #[error("the database can't answer now: {0}")]
    Again(String),
    /// The database rejected the data.
    #[error("the database rejected a command: {0}")]
    Data(String),
    /// A constraint on a caller's own rows refused them. Has the constraint's name.
    #[error("{0} refuses a row")]
    Conflict(String),
}

impl ItemFault for CommitError {
    fn is_item_fault(&self) -> bool {
        !matches!(self, Self::Again(_))
    }
}

impl From<BatchError<CommitError>> for InventoryError {
    fn from(error: BatchError<CommitError>) -> Self {
        match error {
            BatchError::Busy => Self::Busy,
            BatchError::Stopped => Self::Unavailable("the committer has stopped".to_owned()),
            BatchError::Panicked | BatchError::WrongResultCount => Self::Broken(error.to_string()),
            BatchError::Failed(error) => match &*error {
                CommitError::Again(reason) => Self::Unavailable(reason.clone()),
                CommitError::Data(reason) => Self::Broken(reason.clone()),
                CommitError::Conflict(key) => Self::Conflict(key.clone()),
            },
        }
    }
}

impl From<PoolError> for CommitError {
    fn from(error: PoolError) -> Self {
        StoreError::from(error).into()
    }
}

impl From<StoreError> for CommitError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Database(error) => error.into(),
            StoreError::Pool(error) => Self::Again(error.to_string()),
            StoreError::Unreadable(_) | StoreError::Shared(_) => Self::Data(error.to_string()),
        }
    }
}

impl From<tokio_postgres::Error> for CommitError {
    fn from(error: tokio_postgres::Error) -> Self {
        let is_passing = service_core::connections::is_transient(&error);
        let Some(database) = error.as_db_error() else {
            let text = error.to_string();
            return if is_passing {
                Self::Again(text)
            } else {
                Self::Data(text)
            };
        };
        let code = database.code();
        // Two replicas got the same id at once. On a retry, the second finds the first one's row.
        let same_id = *code == SqlState::UNIQUE_VIOLATION
            && matches!(
                database.constraint(),
                Some("holds_pkey" | "adjustments_pkey" | "pools_pkey")
            );
        let text = database.to_string();
        if same_id || is_passing {
            return Self::Again(text);
        }
        let is_constraint = [
            SqlState::UNIQUE_VIOLATION,
            SqlState::FOREIGN_KEY_VIOLATION,
            SqlState::CHECK_VIOLATION,
        ]
        .contains(code);
        let is_own = |table| OWN_TABLES.contains(&table);
        match database.constraint() {
            Some(key) if is_constraint && !database.table().is_some_and(is_own) => {
                Self::Conflict(key.to_owned())
            }
            _ => Self::Data(text),
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
        let committer = Arc::new(self);
        GroupCommit::start("inventory", limits, move |batch| {
            let committer = Arc::clone(&committer);
            async move { committer.run_batch(&batch).await }
        })
    }

    /// Runs a batch until its outcome is known, or `commit_timeout` has passed.
    async fn run_batch(&self, batch: &[Arc<Submission>]) -> Result<Vec<Verdict>, CommitError> {
        let retry_until = Instant::now() + self.commit_timeout;
        let mut pause = FIRST_PAUSE;
        let mut repeats = Repeats::Unlikely;
        loop {
            let error = match self.try_batch(batch, repeats, retry_until).await {
                Ok((verdicts, counts)) => {
                    self.notify(&counts);
                    crash_points::point("answer.before");
                    return Ok(verdicts);
                }
                Err(error) => error,
            };
            let CommitError::Again(reason) = &error else {
                return Err(error);
            };
            if Instant::now() + pause >= retry_until {
                return Err(error);
            }
            metrics::counter!("inventory_batch_retries_total").increment(1);
            tracing::debug!(reason, "retrying the batch");
            repeats = Repeats::Likely;
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

    /// One attempt: one transaction, on a connection that is closed unless it succeeds.
    async fn try_batch(
        &self,
        batch: &[Arc<Submission>],
        repeats: Repeats,
        retry_until: Instant,
    ) -> Result<(Vec<Verdict>, Vec<PoolCount>), CommitError> {
        on_connection(&self.database, retry_until, async |client: &Client| {
            transact(client, batch, repeats, self.sales).await
        })
        .await
    }
}

async fn transact(
    client: &Client,
    batch: &[Arc<Submission>],
    repeats: Repeats,
    sales: SalesPolicy,
) -> Result<(Vec<Verdict>, Vec<PoolCount>), CommitError> {
    let begin = format!(
        "BEGIN; {PLANNER_SETTINGS}; SET LOCAL lock_timeout = {}",
        LOCK_TIMEOUT.as_millis()
    );
    let commands: Vec<&Command> = batch.iter().map(|one| &one.command).collect();
    // Pipelined: the server runs the statements in the order in which they are polled.
    let begin = async {
        client
            .batch_execute(&begin)
            .await
            .map_err(CommitError::from)
    };
    let load = async {
        load(client, &commands, repeats)
            .await
            .map_err(CommitError::from)
    };
    let ((), loaded) = try_join(begin, load).await?;
    if loaded.is_incomplete {
        return Err(CommitError::Again(
            "a hold appeared while the batch waited for its locks".to_owned(),
        ));
    }
    let (verdicts, changes) = decide(loaded.state, &commands, loaded.now, sales);
    let mut writes = prepare(client, &changes, loaded.now).await?;
    let with_rows = batch.iter().map(|one| one.rows.as_deref());
    let rows = rows::statements(with_rows.zip(&verdicts));
    writes.extend(prepare_rows(client, rows).await?);
    let commit = async {
        client
            .batch_execute("COMMIT")
            .await
            .map_err(CommitError::from)
    };
    crash_points::point("commit.before");
    let write = async { execute(client, &writes).await.map_err(CommitError::from) };
    // If a write fails, the server answers this COMMIT with a rollback, and `write` has the error. A write that
    // can't even be sent fails before the COMMIT is sent.
    try_join(write, commit).await?;
    crash_points::point("commit.after");
    Ok((verdicts, changes.counts().collect()))
}
