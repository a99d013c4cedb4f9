//! Supervision of background tasks.
//!
//! A task that panics, or ends before it was cancelled, is logged as an error, counted, and restarted after a
//! pause that doubles each time. It is [`unhealthy_tasks`] until it has run steadily again, and readiness reports that.
//! The list is global to the process, as metrics are: tasks start in many places, and readiness asks in one.

use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// Backoff between restarts. The longest pause is short beside the time that a deployment takes to replace a
/// replica.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// After this long a task counts as recovered, and its backoff starts over.
const STEADY_AFTER: Duration = Duration::from_secs(5);

/// The names of tasks that are gone, one entry for each; several tasks may share a name.
static GONE: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());

/// The tasks that ended unasked and have not run steadily since, sorted and without repeats.
#[must_use]
pub fn unhealthy_tasks() -> Vec<&'static str> {
    let mut names = names().clone();
    names.sort_unstable();
    names.dedup();
    names
}

fn names() -> MutexGuard<'static, Vec<&'static str>> {
    GONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs and restarts a task until it ends after the token was cancelled. `name` is a label of the metric
/// `background_task_restarts_total`.
pub async fn run<T, F>(name: &'static str, stop: CancellationToken, mut task: T)
where
    T: FnMut(CancellationToken) -> F,
    F: Future<Output = ()>,
{
    let mut gone = Gone {
        name,
        is_told: false,
    };
    let mut pause = FIRST_PAUSE;
    loop {
        let started = Instant::now();
        let running = AssertUnwindSafe(async { task(stop.child_token()).await }).catch_unwind();
        tokio::pin!(running);
        let ended = tokio::select! {
            ended = &mut running => ended,
            () = sleep(STEADY_AFTER) => {
                gone.tell(false);
                running.await
            }
        };
        if stop.is_cancelled() {
            return;
        }
        gone.tell(true);
        if started.elapsed() >= STEADY_AFTER {
            pause = FIRST_PAUSE;
        }
        metrics::counter!("background_task_restarts_total", "task" => name).increment(1);
        tracing::error!(
            task = name,
            panicked = ended.is_err(),
            pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
            "background task ended unexpectedly; restarting"
        );
        if stop.run_until_cancelled(sleep(pause)).await.is_none() {
            return;
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Whether one task is listed in `GONE`; dropping it removes the entry.
struct Gone {
    name: &'static str,
    is_told: bool,
}

impl Gone {
    fn tell(&mut self, is_gone: bool) {
        if is_gone == self.is_told {
            return;
        }
        self.is_told = is_gone;
        let mut names = names();
        if is_gone {
            names.push(self.name);
        } else if let Some(place) = names.iter().position(|name| *name == self.name) {
            names.swap_remove(place);
        }
    }
}

impl Drop for Gone {
    fn drop(&mut self) {
        self.tell(false);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A task that calls `end` the first `times` times, and then keeps running.
    async fn restarted(name: &'static str, times: usize, end: fn()) -> usize {
        let starts = Arc::new(AtomicUsize::new(0));
        let stop = CancellationToken::new();
        let running = tokio::spawn(run(name, stop.clone(), {
            let starts = Arc::clone(&starts);
            move |stop| {
                let earlier = starts.fetch_add(1, Ordering::SeqCst);
                async move {
                    if earlier < times {
                        return end();
                    }
                    stop.cancelled().await;
                }
            }
        }));
        while starts.load(Ordering::SeqCst) <= times {
            sleep(Duration::from_millis(10)).await;
        }
        assert!(unhealthy_tasks().contains(&name), "gone until it is steady");
        sleep(STEADY_AFTER + Duration::from_millis(10)).await;
        assert!(!unhealthy_tasks().contains(&name), "steady");
        stop.cancel();
        assert!(running.await.is_ok());
        assert!(
            !unhealthy_tasks().contains(&name),
            "ended as it was asked to"
        );
        starts.load(Ordering::SeqCst)
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_is_started_again() {
        #[expect(clippy::panic, reason = "what is tried")]
        let end = || panic!("on purpose");
        assert_eq!(restarted("panicking", 3, end).await, 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_ends_is_started_again() {
        assert_eq!(restarted("ending", 2, || {}).await, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_never_holds_out_stays_gone_and_can_be_stopped() {
        let stop = CancellationToken::new();
        let running = tokio::spawn(run("hopeless", stop.clone(), |_| async {}));
        sleep(LONGEST_PAUSE * 10).await;
        assert!(unhealthy_tasks().contains(&"hopeless"));
        stop.cancel();
        assert!(running.await.is_ok());
        assert!(!unhealthy_tasks().contains(&"hopeless"));
    }
}
