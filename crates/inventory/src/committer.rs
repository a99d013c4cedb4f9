//! The queue and the batches.
//!
//! What waits while the last batch commits is the next batch: there is no timer. A batch is one
//! transaction. One that fails on its data, or panics, is split in halves until the bad command fails alone; one
//! that met a lock, a lost connection or an unknown commit is run again, and the recorded ids give
//! the first verdict to what had been committed.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Client, Pool, PoolError};
use futures_util::FutureExt as _;
use futures_util::future::try_join;
use service_core::connections::on_connection;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_postgres::error::SqlState;

use crate::command::Command;
use crate::decide::{SalesPolicy, decide};
use crate::in_flight::Entry;
use crate::rows::{self, AnyRows};
use crate::store::{BY_KEYS, Repeats, StoreError, execute, load, prepare, prepare_rows};
use crate::verdict::{InventoryError, PoolCount, Verdict};

/// The most commands in one transaction: enough that the cost of a commit is spread thin, few enough
/// that a batch takes milliseconds.
pub const BATCH_LIMIT: usize = 256;

/// How many commands may wait: a few dozen full batches, less than a second's work.
pub const QUEUE_LIMIT: usize = 8192;

/// How long one batch waits for a lock before it gives its own locks back and tries again.
const LOCK_TIMEOUT: Duration = Duration::from_millis(200);

/// The pause before a batch is run again; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// The inventory's tables: what a constraint of another one refuses is a caller's row.
const OWN_TABLES: [&str; 6] = [
    "pools",
    "holds",
    "hold_legs",
    "live_seats",
    "adjustments",
    "ledger",
];

/// Called with the new counts after each commit and before its answers.
pub type CountListener = Arc<dyn Fn(&[PoolCount]) + Send + Sync>;

/// The answer to a command, or why there is none.
pub type Answer = Result<Verdict, InventoryError>;

/// A command on its way to the committer.
pub struct Waiting {
    command: Command,
    rows: Option<Box<dyn AnyRows>>,
    deadline: Instant,
    answer: oneshot::Sender<Answer>,
    /// Dropped with the rest, once there is an answer, even if nobody waits for it any more.
    _entry: Option<Entry>,
}

impl Waiting {
    /// A command that waits until the deadline, and where its answer will come.
    #[must_use]
    pub(crate) fn new(
        command: Command,
        rows: Option<Box<dyn AnyRows>>,
        entry: Option<Entry>,
        deadline: Instant,
    ) -> (Self, oneshot::Receiver<Answer>) {
        let (answer, receiver) = oneshot::channel();
        let waiting = Self {
            command,
            rows,
            deadline,
            answer,
            _entry: entry,
        };
        (waiting, receiver)
    }
}

/// Decides and commits batches, one after the other.
pub struct Committer {
    /// Connections to the inventory's database that nobody else uses: no read keeps a sale waiting.
    pub database: Pool,
    /// When sales end.
    pub sales: SalesPolicy,
    /// How long a batch is tried again before its callers are told that there is no answer.
    pub commit_timeout: Duration,
    /// Who hears of new counts.
    pub on_commit: CountListener,
}

/// Why a batch did not commit, or is not known to have.
enum BatchError {
    /// The same batch may succeed: a lock, a lost connection, an id that another replica wrote first.
    Again(String),
    /// The database refused the data.
    Data(String),
    /// A constraint of a caller's own rows refused them; its name.
    Conflict(String),
    /// Deciding or writing it panicked: a bug, which one of its commands brings out.
    Panicked,
}

impl BatchError {
    /// Whether one of its commands is at fault, without which the others may succeed.
    fn is_of_one(&self) -> bool {
        !matches!(self, Self::Again(_))
    }
}

impl From<PoolError> for BatchError {
    fn from(error: PoolError) -> Self {
        StoreError::from(error).into()
    }
}

impl From<StoreError> for BatchError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Database(error) => error.into(),
            StoreError::Pool(error) => Self::Again(error.to_string()),
            StoreError::Unreadable(_) | StoreError::Shared(_) => Self::Data(error.to_string()),
        }
    }
}

impl From<tokio_postgres::Error> for BatchError {
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
        // An id that came to two replicas at once: the second finds the first one's row when it runs
        // again.
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
    /// Runs until the queue is closed and empty.
    pub async fn run(&self, queue: &mut mpsc::Receiver<Waiting>) {
        let mut batch = Vec::with_capacity(BATCH_LIMIT);
        while queue.recv_many(&mut batch, BATCH_LIMIT).await > 0 {
            let now = Instant::now();
            let (in_time, too_late): (Vec<_>, Vec<_>) =
                batch.drain(..).partition(|waiting| waiting.deadline > now);
            for waiting in too_late {
                waiting.answer.send(Err(InventoryError::Busy)).ok();
            }
            if !in_time.is_empty() {
                metrics::histogram!("inventory_batch_commands").record(count(in_time.len()));
                self.resolve(in_time).await;
            }
        }
    }

    /// Answers every command of a batch.
    async fn resolve(&self, batch: Vec<Waiting>) {
        let mut parts = vec![batch];
        while let Some(mut part) = parts.pop() {
            let started = Instant::now();
            let result = self.run_batch(&part).await;
            metrics::histogram!("inventory_batch_seconds").record(started.elapsed().as_secs_f64());
            match result {
                Ok(verdicts) => {
                    crash_points::point("answer.before");
                    for (waiting, verdict) in part.into_iter().zip(verdicts) {
                        waiting.answer.send(Ok(verdict)).ok();
                    }
                }
                Err(error) if error.is_of_one() && part.len() > 1 => {
                    let second = part.split_off(part.len() / 2);
                    parts.push(second);
                    parts.push(part);
                }
                Err(BatchError::Data(reason)) => {
                    tracing::error!(reason, "the database rejected a command");
                    answer_all(part, &InventoryError::Broken(reason));
                }
                Err(BatchError::Panicked) => {
                    tracing::error!("a command panicked");
                    answer_all(part, &InventoryError::Broken("it panicked".to_owned()));
                }
                Err(BatchError::Conflict(key)) => {
                    answer_all(part, &InventoryError::Conflict(key));
                }
                Err(BatchError::Again(reason)) => {
                    tracing::warn!(reason, commands = part.len(), "commit outcome unknown");
                    answer_all(part, &InventoryError::Unavailable(reason));
                }
            }
        }
    }

    /// Runs a batch until its outcome is known or commit_timeout runs out.
    async fn run_batch(&self, batch: &[Waiting]) -> Result<Vec<Verdict>, BatchError> {
        let retry_until = Instant::now() + self.commit_timeout;
        let mut pause = FIRST_PAUSE;
        let mut repeats = Repeats::Unlikely;
        loop {
            let attempt = AssertUnwindSafe(self.try_batch(batch, repeats, retry_until));
            let error = match attempt.catch_unwind().await {
                Ok(Ok((verdicts, counts))) => {
                    self.tell(&counts);
                    return Ok(verdicts);
                }
                Ok(Err(error)) => error,
                Err(_) => {
                    panicked("batch");
                    BatchError::Panicked
                }
            };
            let BatchError::Again(reason) = &error else {
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

    /// Tells of new counts. What was committed is answered as such, whatever becomes of those who listen.
    fn tell(&self, counts: &[PoolCount]) {
        if std::panic::catch_unwind(AssertUnwindSafe(|| (self.on_commit)(counts))).is_err() {
            panicked("on_commit");
        }
    }

    /// One transaction, on a connection that is closed unless it succeeds.
    async fn try_batch(
        &self,
        batch: &[Waiting],
        repeats: Repeats,
        retry_until: Instant,
    ) -> Result<(Vec<Verdict>, Vec<PoolCount>), BatchError> {
        on_connection(&self.database, retry_until, async |client: &Client| {
            transact(client, batch, repeats, self.sales).await
        })
        .await
    }
}

async fn transact(
    client: &Client,
    batch: &[Waiting],
    repeats: Repeats,
    sales: SalesPolicy,
) -> Result<(Vec<Verdict>, Vec<PoolCount>), BatchError> {
    let begin = format!(
        "BEGIN; {BY_KEYS}; SET LOCAL lock_timeout = {}",
        LOCK_TIMEOUT.as_millis()
    );
    let commands: Vec<&Command> = batch.iter().map(|waiting| &waiting.command).collect();
    // Sent without waiting in between; the server runs them in the order in which they are polled.
    let begin = async { client.batch_execute(&begin).await.map_err(BatchError::from) };
    let load = async {
        load(client, &commands, repeats)
            .await
            .map_err(BatchError::from)
    };
    let ((), loaded) = try_join(begin, load).await?;
    if loaded.is_incomplete {
        return Err(BatchError::Again(
            "a hold turned up while the batch waited".to_owned(),
        ));
    }
    let (verdicts, changes) = decide(loaded.state, &commands, loaded.now, sales);
    let mut writes = prepare(client, &changes, loaded.now).await?;
    let with_rows = batch.iter().map(|waiting| waiting.rows.as_deref());
    let rows = rows::statements(with_rows.zip(&verdicts));
    writes.extend(prepare_rows(client, rows).await?);
    let commit = async {
        client
            .batch_execute("COMMIT")
            .await
            .map_err(BatchError::from)
    };
    crash_points::point("commit.before");
    let write = async { execute(client, &writes).await.map_err(BatchError::from) };
    // Were a write to fail, the server would answer this COMMIT by rolling back, and `write` would
    // have the error. One that can't even be sent fails before this COMMIT is.
    try_join(write, commit).await?;
    crash_points::point("commit.after");
    Ok((verdicts, changes.counts().collect()))
}

/// Counts a panic that was caught.
fn panicked(at: &'static str) {
    metrics::counter!("inventory_panics_total", "at" => at).increment(1);
    tracing::error!(at, "the committer caught a panic");
}

fn answer_all(part: Vec<Waiting>, error: &InventoryError) {
    for waiting in part {
        waiting.answer.send(Err(error.clone())).ok();
    }
}

/// A small count as a metric's value.
fn count(len: usize) -> f64 {
    u32::try_from(len).map_or(f64::MAX, f64::from)
}
