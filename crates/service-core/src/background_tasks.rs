//! Tasks beside the requests; they stop after the requests have ended.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

/// The background tasks of a service. Clones share them.
#[derive(Clone)]
pub struct BackgroundTasks {
    tracker: TaskTracker,
    draining: CancellationToken,
    stop: CancellationToken,
    runtime: Handle,
}

impl BackgroundTasks {
    /// No tasks yet. Tasks run on the current runtime. Call this where the service is built: a request runs on
    /// a worker's own runtime, which ends with the worker.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    #[must_use]
    pub fn new() -> Self {
        Self {
            tracker: TaskTracker::new(),
            draining: CancellationToken::new(),
            stop: CancellationToken::new(),
            runtime: Handle::current(),
        }
    }

    /// Cancelled when shutdown begins, while requests still run: endless responses, such as event streams, end
    /// then.
    #[must_use]
    pub fn draining(&self) -> CancellationToken {
        self.draining.child_token()
    }

    /// Begins shutdown: ends endless responses.
    pub fn begin_draining(&self) {
        self.draining.cancel();
    }

    /// Runs a task for the service's whole life. A task that panics or ends before the token is cancelled is
    /// restarted, and `/ready` reports it meanwhile.
    pub fn supervise<T, F>(&self, name: &'static str, task: T)
    where
        T: FnMut(CancellationToken) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let running = crate::supervision::run(name, self.stop.clone(), task);
        self.tracker.spawn_on(running, &self.runtime);
    }

    /// Runs a task that ends by itself, or soon after the token is cancelled.
    pub fn spawn<F, Fut>(&self, task: F)
    where
        F: FnOnce(CancellationToken) -> Fut,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.tracker
            .spawn_on(task(self.stop.child_token()), &self.runtime);
    }

    /// Runs work that must complete even if the client disconnects: in a task of its own, which the request
    /// only awaits. `None` if the work panicked.
    pub async fn finish<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        self.tracker
            .spawn_on(work.in_current_span(), &self.runtime)
            .await
            .ok()
    }

    /// Cancels all tasks and waits for them, at most `limit`.
    pub async fn stop(&self, limit: Duration) {
        self.stop.cancel();
        self.tracker.close();
        if tokio::time::timeout(limit, self.tracker.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                remaining = self.tracker.len(),
                "background tasks did not stop in time"
            );
        }
    }
}

impl Default for BackgroundTasks {
    fn default() -> Self {
        Self::new()
    }
}
