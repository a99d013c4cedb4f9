//! What a service does beside its requests, and stops after them.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

/// Tasks that run beside the requests and end after them.
#[derive(Clone)]
pub struct BackgroundTasks {
    tracker: TaskTracker,
    draining: CancellationToken,
    stop: CancellationToken,
    runtime: Handle,
}

impl BackgroundTasks {
    /// No tasks yet. They will run on the current runtime: call this where the service is built, not
    /// in a request, whose worker has a runtime of its own that ends with it.
    ///
    /// # Panics
    /// Outside a runtime.
    #[must_use]
    pub fn new() -> Self {
        Self {
            tracker: TaskTracker::new(),
            draining: CancellationToken::new(),
            stop: CancellationToken::new(),
            runtime: Handle::current(),
        }
    }

    /// Cancelled when the service is asked to stop, before its requests have ended: what answers
    /// without end ends then.
    #[must_use]
    pub fn draining(&self) -> CancellationToken {
        self.draining.child_token()
    }

    /// Ends what answers without end, because the service is asked to stop.
    pub fn begin_draining(&self) {
        self.draining.cancel();
    }

    /// Runs a task for the service's whole life: one that ends before the token is cancelled, or panics, is
    /// started again, and `/ready` says that it is gone.
    pub fn supervise<T, F>(&self, name: &'static str, task: T)
    where
        T: FnMut(CancellationToken) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let running = crate::supervision::run(name, self.stop.clone(), task);
        self.tracker.spawn_on(running, &self.runtime);
    }

    /// Runs a task that has an end of its own, or ends soon after the token is cancelled.
    pub fn spawn<F, Fut>(&self, task: F)
    where
        F: FnOnce(CancellationToken) -> Fut,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.tracker
            .spawn_on(task(self.stop.child_token()), &self.runtime);
    }

    /// Runs work that has to reach its end even if the client goes away meanwhile: as a task of its
    /// own, which the request only waits for. `None` when the work panicked.
    pub async fn finish<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        self.tracker
            .spawn_on(work.in_current_span(), &self.runtime)
            .await
            .ok()
    }

    /// Asks all tasks to end and waits for them, up to the limit.
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
