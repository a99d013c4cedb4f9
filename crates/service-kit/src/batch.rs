//! Many small writes as few large ones.
//!
//! What waits while the last batch is written is the next batch: there is no timer, so a lone item is
//! written at once, and under load the cost of a commit is shared by all who wait. Callers are answered
//! after their batch's commit.
//!
//! ```
//! # use std::time::Duration;
//! # use service_kit::batch::{BatchError, Batcher, IsData, Limits};
//! # #[derive(Debug, thiserror::Error)]
//! # #[error("no")]
//! # struct WriteError;
//! # impl IsData for WriteError {
//! #     fn is_data(&self) -> bool { false }
//! # }
//! # async fn example() -> Result<(), BatchError<WriteError>> {
//! let limits = Limits { batch: 256, queue: 8192, wait: Duration::from_secs(2) };
//! let rows = Batcher::start("rows", limits, |numbers: Vec<i64>| async move {
//!     // One transaction that writes them all, and one answer for each, in their order.
//!     Ok::<Vec<i64>, WriteError>(numbers.iter().map(|number| number * 2).collect())
//! });
//! assert_eq!(rows.submit(21).await?, 42);
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
//! ```
//!
//! Not here: running a batch again. A write whose outcome is unknown, such as a commit on a lost
//! connection, is told to all of its callers, who know how to find out.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

#[cfg(test)]
mod tests;

/// How much a batcher takes on.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most items in one batch.
    pub batch: usize,
    /// How many items may wait; more are refused with [`BatchError::Busy`].
    pub queue: usize,
    /// How long an item may wait for its batch to begin; one that has waited longer by then is refused
    /// with [`BatchError::Busy`].
    pub wait: Duration,
}

/// Tells an item's fault from everybody's misfortune.
pub trait IsData {
    /// Whether the write failed on the data of some item, and wrote nothing: the others may succeed
    /// without it. Otherwise, such as after a lost connection, all of them fail.
    fn is_data(&self) -> bool;
}

impl IsData for tokio_postgres::Error {
    fn is_data(&self) -> bool {
        !crate::database::is_transient(self)
    }
}

/// Why an item has no answer.
#[derive(Debug, thiserror::Error)]
pub enum BatchError<E> {
    /// Too many items wait, or this one has waited too long: it was not written.
    #[error("too many writes are waiting")]
    Busy,
    /// The batcher was stopped before: the item was not written.
    #[error("writing has stopped")]
    Stopped,
    /// The write failed. Whether it wrote the item depends on the error: one that
    /// [is data](IsData::is_data) did not.
    #[error("the write failed")]
    Failed(#[source] Arc<E>),
    /// The write broke off without an answer: the item may be written or not. A bug.
    #[error("the write broke off")]
    Broken,
}

impl<E> Clone for BatchError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Busy => Self::Busy,
            Self::Stopped => Self::Stopped,
            Self::Failed(error) => Self::Failed(Arc::clone(error)),
            Self::Broken => Self::Broken,
        }
    }
}

/// An item on its way into a batch.
struct Waiting<I, A, E> {
    item: I,
    since: Instant,
    answer: oneshot::Sender<Result<A, BatchError<E>>>,
}

/// Writes items in batches, one batch after the other. Clones share the queue; once all are dropped and
/// what waits is written, writing ends.
pub struct Batcher<I, A, E> {
    queue: mpsc::Sender<Waiting<I, A, E>>,
    stop: CancellationToken,
    tracker: TaskTracker,
}

impl<I, A, E> Clone for Batcher<I, A, E> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
            stop: self.stop.clone(),
            tracker: self.tracker.clone(),
        }
    }
}

impl<I, A, E> fmt::Debug for Batcher<I, A, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batcher")
            .field(
                "waiting",
                &(self.queue.max_capacity() - self.queue.capacity()),
            )
            .finish_non_exhaustive()
    }
}

impl<I, A, E> Batcher<I, A, E>
where
    I: Clone + Send + 'static,
    A: Send + 'static,
    E: IsData + fmt::Display + Send + Sync + 'static,
{
    /// Starts to write with this function, on the current runtime: call it where the service is built,
    /// not in a request, whose worker has a runtime of its own that ends with it.
    ///
    /// The function writes all of its items in one transaction, or none, and answers after the commit,
    /// with one answer for each item in their order. It has to limit its own time. A batch that fails on
    /// its data is written again in halves, until the bad item fails alone. The name is a label of the
    /// metrics `batch_items` and `batch_seconds`.
    ///
    /// # Panics
    /// Outside a runtime, and when a limit is zero.
    #[must_use]
    pub fn start<W, F>(name: &'static str, limits: Limits, write: W) -> Self
    where
        W: Fn(Vec<I>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Vec<A>, E>> + Send + 'static,
    {
        assert!(limits.batch > 0, "a batch has at least one item");
        let (queue, waiting) = mpsc::channel(limits.queue);
        let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
        let writer = Writer {
            name,
            limits,
            write,
        };
        tracker.spawn(writer.run(waiting, stop.clone()));
        tracker.close();
        Self {
            queue,
            stop,
            tracker,
        }
    }

    /// Has an item written, and waits for the commit.
    ///
    /// If the returned future is dropped before the item's batch begins, the item is not written;
    /// after that it may be.
    ///
    /// # Errors
    /// As [`BatchError`] says.
    pub async fn submit(&self, item: I) -> Result<A, BatchError<E>> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting {
            item,
            since: Instant::now(),
            answer,
        };
        self.queue
            .try_send(waiting)
            .map_err(|refused| match refused {
                mpsc::error::TrySendError::Full(_) => BatchError::Busy,
                mpsc::error::TrySendError::Closed(_) => BatchError::Stopped,
            })?;
        answered.await.unwrap_or(Err(BatchError::Stopped))
    }

    /// Takes no more items, writes what waits, and returns when that is done.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tracker.wait().await;
    }
}

/// What the batcher's task has.
struct Writer<W> {
    name: &'static str,
    limits: Limits,
    write: W,
}

impl<W> Writer<W> {
    /// Runs until the queue is closed and empty.
    async fn run<I, A, E, F>(
        self,
        mut queue: mpsc::Receiver<Waiting<I, A, E>>,
        stop: CancellationToken,
    ) where
        W: Fn(Vec<I>) -> F,
        F: Future<Output = Result<Vec<A>, E>>,
        I: Clone,
        E: IsData + fmt::Display,
    {
        let mut batch = Vec::new();
        loop {
            let received = tokio::select! {
                received = queue.recv_many(&mut batch, self.limits.batch) => received,
                () = stop.cancelled(), if !queue.is_closed() => {
                    queue.close();
                    continue;
                }
            };
            if received == 0 {
                return;
            }
            let now = Instant::now();
            // Nobody waits for the answer of one whose caller has gone.
            batch.retain(|waiting| !waiting.answer.is_closed());
            let (in_time, too_late): (Vec<_>, Vec<_>) = batch
                .drain(..)
                .partition(|waiting| now.duration_since(waiting.since) <= self.limits.wait);
            for waiting in too_late {
                waiting.answer.send(Err(BatchError::Busy)).ok();
            }
            if !in_time.is_empty() {
                self.settle(in_time).await;
            }
        }
    }

    /// Answers every item of a batch.
    async fn settle<I, A, E, F>(&self, batch: Vec<Waiting<I, A, E>>)
    where
        W: Fn(Vec<I>) -> F,
        F: Future<Output = Result<Vec<A>, E>>,
        I: Clone,
        E: IsData + fmt::Display,
    {
        let mut parts = vec![batch];
        while let Some(mut part) = parts.pop() {
            let items = part.iter().map(|waiting| waiting.item.clone()).collect();
            match self.write_once(items).await {
                Ok(answers) => {
                    for (waiting, answer) in part.into_iter().zip(answers) {
                        waiting.answer.send(Ok(answer)).ok();
                    }
                }
                Err(BatchError::Failed(error)) if error.is_data() && part.len() > 1 => {
                    let second = part.split_off(part.len() / 2);
                    parts.push(second);
                    parts.push(part);
                }
                Err(error) => {
                    if let BatchError::Failed(cause) = &error {
                        tracing::warn!(batcher = self.name, items = part.len(), error = %cause, "a batch failed");
                    }
                    for waiting in part {
                        waiting.answer.send(Err(error.clone())).ok();
                    }
                }
            }
        }
    }

    /// Writes a batch, or a part of one, and checks that each item has its answer.
    async fn write_once<I, A, E, F>(&self, items: Vec<I>) -> Result<Vec<A>, BatchError<E>>
    where
        W: Fn(Vec<I>) -> F,
        F: Future<Output = Result<Vec<A>, E>>,
    {
        let count = items.len();
        let size = u32::try_from(count).unwrap_or(u32::MAX);
        metrics::histogram!("batch_items", "batcher" => self.name).record(f64::from(size));
        let started = Instant::now();
        // A write that panics breaks its own batch, not those to come.
        let written = AssertUnwindSafe(async { (self.write)(items).await }).catch_unwind();
        let written = written.await;
        metrics::histogram!("batch_seconds", "batcher" => self.name)
            .record(started.elapsed().as_secs_f64());
        match written {
            Ok(Ok(answers)) if answers.len() == count => Ok(answers),
            Ok(Ok(answers)) => {
                let answers = answers.len();
                tracing::error!(
                    batcher = self.name,
                    items = count,
                    answers,
                    "a batch was answered in part"
                );
                Err(BatchError::Broken)
            }
            Ok(Err(error)) => Err(BatchError::Failed(Arc::new(error))),
            Err(_) => {
                tracing::error!(
                    batcher = self.name,
                    items = count,
                    "a batch's write panicked"
                );
                Err(BatchError::Broken)
            }
        }
    }
}
