//! A service that runs in the test's own process.

use std::time::Duration;

use anyhow::Context as _;
use tokio::task::JoinHandle;

use crate::background::spawn;
use crate::invariants::assert_at_end;

/// Longer than it may take to answer its last requests.
const STOPPED_WITHIN: Duration = Duration::from_secs(60);

/// A running service. Dropped, it is stopped; unless the test has failed already, it has to end in order.
pub struct InProcess {
    running: Option<Running>,
}

struct Running {
    stop: Box<dyn FnOnce() -> JoinHandle<()> + Send>,
    service: JoinHandle<anyhow::Result<()>>,
}

impl InProcess {
    /// Builds a service on the background's runtime.
    ///
    /// # Errors
    /// Those of building it.
    pub async fn build<A: Send + 'static>(
        build: impl Future<Output = anyhow::Result<A>> + Send + 'static,
    ) -> anyhow::Result<A> {
        spawn(build)?.await?
    }

    /// Runs it there. `stop` stops it as a signal would: what it has begun to answer is answered.
    ///
    /// # Errors
    /// When there is no such runtime.
    pub fn run(
        service: impl Future<Output = anyhow::Result<()>> + Send + 'static,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> anyhow::Result<Self> {
        let running = Running {
            service: spawn(service)?,
            stop: Box::new(|| tokio::spawn(stop)),
        };
        Ok(Self {
            running: Some(running),
        })
    }

    /// Stops it, and waits until it has ended in order.
    ///
    /// # Errors
    /// When it has not.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        match self.running.take() {
            Some(running) => running.stop().await,
            None => Ok(()),
        }
    }
}

impl Running {
    async fn stop(self) -> anyhow::Result<()> {
        let stopping = async {
            (self.stop)().await?;
            self.service.await?
        };
        let stopped = tokio::time::timeout(STOPPED_WITHIN, stopping).await;
        stopped.context("the service does not end")?
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            if std::thread::panicking() {
                running.service.abort();
            } else {
                assert_at_end(|| running.stop());
            }
        }
    }
}
