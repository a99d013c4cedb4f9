//! Group commit: many small writes as few transactions.
//!
//! While one batch commits, new items queue up for the next. There is no timer: a lone item is written at once,
//! and under load all waiting items share the cost of one commit. Callers are answered after their batch's
//! commit. Only writes that nobody waits for linger ([`Limits::linger`]).
//!
//! ```
//! # use std::time::Duration;
//! # use service_core::group_commit::{BatchError, GroupCommit, ItemFault, Limits};
//! # #[derive(Debug, thiserror::Error)]
//! # #[error("no")]
//! # struct WriteError;
//! # impl ItemFault for WriteError {
//! #     fn is_item_fault(&self) -> bool { false }
//! # }
//! # async fn example() -> Result<(), BatchError<WriteError>> {
//! let limits = Limits {
//!     batch: 256,
//!     queue: 8192,
//!     wait: Duration::from_secs(2),
//!     linger: Duration::ZERO,
//! };
//! let rows = GroupCommit::start("rows", limits, |numbers: Vec<i64>| async move {
//!     // One transaction that writes them all, and one answer for each, in their order.
//!     Ok::<Vec<i64>, WriteError>(numbers.iter().map(|number| number * 2).collect())
//! });
//! assert_eq!(rows.submit(21).await?, 42);
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
//! ```
//!
//! A batch is never retried here. If its outcome is unknown, such as a commit on a lost connection, all of its
//! callers are told; they know how to find out.

mod error;
mod limits;
mod writer;

use std::fmt;
use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::error::{BatchError, ItemFault};
pub use self::limits::Limits;
use self::writer::{Waiting, Writer};

#[cfg(test)]
mod tests;

/// Writes items in batches, one batch at a time. Clones share the queue. Writing ends once all are dropped and
/// the queue is empty.
pub struct GroupCommit<I, A, E> {
    queue: mpsc::Sender<Waiting<I, A, E>>,
    stop: CancellationToken,
    tracker: TaskTracker,
}

impl<I, A, E> Clone for GroupCommit<I, A, E> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
            stop: self.stop.clone(),
            tracker: self.tracker.clone(),
        }
    }
}

impl<I, A, E> fmt::Debug for GroupCommit<I, A, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupCommit")
            .field(
                "waiting",
                &(self.queue.max_capacity() - self.queue.capacity()),
            )
            .finish_non_exhaustive()
    }
}

impl<I, A, E> GroupCommit<I, A, E>
where
    I: Clone + Send + 'static,
    A: Send + 'static,
    E: ItemFault + fmt::Display + Send + Sync + 'static,
{
    /// Starts the writer task on the current runtime. Call this where the service is built: a request runs on a
    /// worker's own runtime, which ends with the worker.
    ///
    /// `write` writes all of its items in one transaction, or none, and returns after the commit one answer for
    /// each item, in order. It must limit its own time. A batch that fails on its data, or panics, is bisected:
    /// written again in halves until the bad item fails alone. `name` is a label of the metrics
    /// `group_commit_items`, `group_commit_seconds` and `panics_caught_total`.
    ///
    /// # Panics
    /// Outside a Tokio runtime, and when a limit is zero.
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
        // A restarted writer continues with the same queue.
        let (writer, waiting) = (Arc::new(writer), Arc::new(Mutex::new(waiting)));
        tracker.spawn({
            let (stop, is_over) = (stop.clone(), CancellationToken::new());
            crate::supervision::run(name, is_over.clone(), move |_| {
                let (writer, waiting) = (Arc::clone(&writer), Arc::clone(&waiting));
                let (stop, is_over) = (stop.clone(), is_over.clone());
                async move {
                    writer.run(&mut *waiting.lock().await, stop).await;
                    is_over.cancel();
                }
            })
        });
        tracker.close();
        Self {
            queue,
            stop,
            tracker,
        }
    }

    /// Submits an item and waits for its commit.
    ///
    /// If the returned future is dropped before the item's batch begins, the item is not written. After that it
    /// may be.
    ///
    /// # Errors
    /// [`BatchError`] says for each case whether the item may have been written.
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

    /// Refuses new items, writes the queue, and returns when it is empty.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tracker.wait().await;
    }
}
