//! The writer task; it bisects batches that fail on one item.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::error::{BatchError, ItemFault};
use super::limits::Limits;

/// A queued item and the channel for its answer.
pub(super) struct Waiting<I, A, E> {
    pub(super) item: I,
    pub(super) since: Instant,
    pub(super) answer: oneshot::Sender<Result<A, BatchError<E>>>,
}

/// The writer task's state.
pub(super) struct Writer<W> {
    pub(super) name: &'static str,
    pub(super) limits: Limits,
    pub(super) write: W,
}

impl<W> Writer<W> {
    /// Runs until the queue is closed and empty.
    pub(super) async fn run<I, A, E, F>(
        &self,
        queue: &mut mpsc::Receiver<Waiting<I, A, E>>,
        stop: CancellationToken,
    ) where
        W: Fn(Vec<I>) -> F,
        F: Future<Output = Result<Vec<A>, E>>,
        I: Clone,
        E: ItemFault + fmt::Display,
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
            if !self.limits.linger.is_zero() && !queue.is_closed() {
                let pause = tokio::time::sleep(self.limits.linger);
                stop.run_until_cancelled(pause).await;
                while batch.len() < self.limits.batch
                    && let Ok(waiting) = queue.try_recv()
                {
                    batch.push(waiting);
                }
            }
            let now = Instant::now();
            // The caller has gone: nobody waits for the answer.
            batch.retain(|waiting| !waiting.answer.is_closed());
            let (in_time, too_late): (Vec<_>, Vec<_>) = batch
                .drain(..)
                .partition(|waiting| now.duration_since(waiting.since) <= self.limits.wait);
            for waiting in too_late {
                waiting.answer.send(Err(BatchError::Busy)).ok();
            }
            if !in_time.is_empty() {
                self.resolve(in_time).await;
            }
        }
    }

    /// Writes a batch and answers every item, with bisection.
    async fn resolve<I, A, E, F>(&self, batch: Vec<Waiting<I, A, E>>)
    where
        W: Fn(Vec<I>) -> F,
        F: Future<Output = Result<Vec<A>, E>>,
        I: Clone,
        E: ItemFault + fmt::Display,
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
                Err(error) if error.should_bisect() && part.len() > 1 => {
                    let second = part.split_off(part.len() / 2);
                    parts.push(second);
                    parts.push(part);
                }
                Err(error) => {
                    if let BatchError::Failed(cause) = &error
                        && !cause.is_item_fault()
                    {
                        tracing::warn!(writer = self.name, items = part.len(), error = %cause, "commit outcome unknown");
                    }
                    for waiting in part {
                        waiting.answer.send(Err(error.clone())).ok();
                    }
                }
            }
        }
    }

    /// Writes once, and checks that each item has its answer.
    async fn write_once<I, A, E, F>(&self, items: Vec<I>) -> Result<Vec<A>, BatchError<E>>
    where
        W: Fn(Vec<I>) -> F,
        F: Future<Output = Result<Vec<A>, E>>,
    {
        let count = items.len();
        let size = u32::try_from(count).unwrap_or(u32::MAX);
        metrics::histogram!("group_commit_items", "writer" => self.name).record(f64::from(size));
        let started = Instant::now();
        // A panic fails this batch only.
        let written = AssertUnwindSafe(async { (self.write)(items).await }).catch_unwind();
        let written = written.await;
        metrics::histogram!("group_commit_seconds", "writer" => self.name)
            .record(started.elapsed().as_secs_f64());
        match written {
            Ok(Ok(answers)) if answers.len() == count => Ok(answers),
            Ok(Ok(answers)) => {
                let answers = answers.len();
                tracing::error!(
                    writer = self.name,
                    items = count,
                    answers,
                    "batch write returned the wrong number of results"
                );
                Err(BatchError::WrongResultCount)
            }
            Ok(Err(error)) => Err(BatchError::Failed(Arc::new(error))),
            Err(_) => {
                metrics::counter!("panics_caught_total", "at" => self.name).increment(1);
                tracing::error!(writer = self.name, items = count, "batch write panicked");
                Err(BatchError::Panicked)
            }
        }
    }
}
