//! A runtime beside those of the tests. What runs there goes on while a test's own runtime is blocked, as it is when
//! something of it is dropped.

use std::sync::OnceLock;

use anyhow::Context as _;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// Enough for the services of the tests that run at once.
const THREADS: usize = 4;

fn runtime() -> anyhow::Result<&'static Runtime> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let made = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("test-stack")
        .enable_all()
        .build()
        .context("no runtime for the background")?;
    // One that another thread made meanwhile is as good; this one ends without having run anything.
    if let Err(surplus) = RUNTIME.set(made) {
        surplus.shutdown_background();
    }
    RUNTIME.get().context("the runtime was just set")
}

/// Runs a task there.
///
/// # Errors
/// When there can be no such runtime.
pub fn spawn<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> anyhow::Result<JoinHandle<T>> {
    Ok(runtime()?.spawn(task))
}

/// Does something there and waits for it, in a thread that may be inside another runtime.
///
/// # Errors
/// Those of the work, and when it panics.
pub fn block_on<T: Send, F: Future<Output = anyhow::Result<T>>>(
    work: impl FnOnce() -> F + Send,
) -> anyhow::Result<T> {
    std::thread::scope(|scope| {
        let working = scope.spawn(|| runtime()?.block_on(work()));
        let worked = working.join();
        worked.unwrap_or_else(|_| anyhow::bail!("it panicked"))
    })
}
