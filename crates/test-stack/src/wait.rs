//! Waits for conditions, so that tests don't sleep.

use std::fmt::Display;
use std::time::Duration;

use anyhow::bail;
use tokio::time::{Instant, sleep};

/// Short, because tests wait often; long enough to leave them the CPU.
const POLL: Duration = Duration::from_millis(10);

/// Waits until the condition holds. The error names the condition and the time waited.
pub async fn wait_until(
    what: &str,
    within: Duration,
    mut condition: impl AsyncFnMut() -> bool,
) -> anyhow::Result<()> {
    wait_for(what, within, async || {
        if condition().await {
            Ok(())
        } else {
            Err("not so")
        }
    })
    .await
}

/// Waits until the attempt succeeds, and returns its value. The error names the condition, the time waited
/// and the last failure.
pub async fn wait_for<T, E: Display>(
    what: &str,
    within: Duration,
    mut attempt: impl AsyncFnMut() -> Result<T, E>,
) -> anyhow::Result<T> {
    let started = Instant::now();
    loop {
        match attempt().await {
            Ok(found) => return Ok(found),
            Err(reason) if started.elapsed() >= within => bail!(
                "waited {:.1} s until {what}; last seen: {reason}",
                started.elapsed().as_secs_f64()
            ),
            Err(_) => sleep(POLL).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_condition_is_waited_for() {
        let mut looks = 0;
        let counted = wait_until("the third look", Duration::from_secs(10), async || {
            looks += 1;
            looks == 3
        });
        counted.await.unwrap();
    }

    #[tokio::test]
    async fn a_timeout_names_the_last_failure() {
        let never = wait_for("seven comes", Duration::ZERO, async || {
            Err::<(), _>("only six")
        });
        let error = never.await.unwrap_err().to_string();
        assert_eq!(error, "waited 0.0 s until seven comes; last seen: only six");
    }
}
