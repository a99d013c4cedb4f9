//! `holdfast stop`: stops the stack of this state directory, wherever it runs.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use nix::sys::signal::Signal;
use tokio::time::{Instant, sleep};

use crate::local::settings::Settings;
use crate::local::state::StateDirectory;
use crate::local::{orphans, print};

/// Longer than all parts together take to stop in order.
const STOPPED_WITHIN: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(100);

pub async fn execute(settings: &Settings) -> anyhow::Result<ExitCode> {
    let stopped = match StateDirectory::find(&settings.state_directory) {
        Some(directory) => stop(&directory).await?,
        None => false,
    };
    print::line(if stopped {
        "stopped"
    } else {
        "nothing is running"
    });
    Ok(ExitCode::SUCCESS)
}

/// Stops the stack, or a killed stack's orphans; returns whether anything ran.
pub async fn stop(directory: &StateDirectory) -> anyhow::Result<bool> {
    let deadline = Instant::now() + STOPPED_WITHIN;
    let mut asked = None;
    loop {
        if !directory.in_use()?
            && let Some(_lock) = directory.lock().await?
        {
            let left = orphans::stop(directory).await?;
            return Ok(left || asked.is_some());
        }
        // A starting stack takes the lock and writes its state a moment later.
        if asked.is_none()
            && let Some(stack) = directory.state()?.stack
            && stack.signal(Signal::SIGTERM)
        {
            asked = Some(stack);
        }
        if Instant::now() >= deadline {
            match asked {
                Some(stack) => bail!(
                    "the stack (process {}) did not stop within {} s",
                    stack.pid,
                    STOPPED_WITHIN.as_secs()
                ),
                None => bail!(
                    "the stack that holds {}/lock can't be stopped: is it another user's?",
                    directory.path().display()
                ),
            }
        }
        sleep(POLL).await;
    }
}
