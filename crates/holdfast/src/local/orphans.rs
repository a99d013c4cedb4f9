//! Orphaned processes of a stack that was killed.

use std::time::Duration;

use anyhow::bail;
use local_servers::process::ProcessIdentity;
use nix::sys::signal::Signal;

use super::print;
use super::state::{State, StateDirectory};

/// Timeout of an orderly stop before SIGKILL.
const ENDED_WITHIN: Duration = Duration::from_secs(35);

/// The previous stack's processes that still run, with their names, last started first.
pub fn find(state: &State) -> Vec<(&str, ProcessIdentity)> {
    let parts = state.parts.iter().rev();
    parts
        .filter_map(|part| Some((part.name.as_str(), part.process?)))
        .filter(|(_, process)| process.is_alive())
        .collect()
}

/// Stops the orphans; returns whether there were any. The caller holds the lock, so their stack is gone.
pub async fn stop(directory: &StateDirectory) -> anyhow::Result<bool> {
    let state = directory.state()?;
    let left = find(&state);
    if !left.is_empty() {
        let names: Vec<String> = left
            .iter()
            .map(|(name, process)| format!("{name} (process {})", process.pid))
            .collect();
        print::line(format_args!(
            "stopping what an earlier stack left running when it was killed: {}",
            names.join(", ")
        ));
    }
    for (name, process) in &left {
        // PostgreSQL waits for its clients on SIGTERM, and disconnects them on SIGINT.
        let ask = match *name {
            "PostgreSQL" => Signal::SIGINT,
            _ => Signal::SIGTERM,
        };
        if !process.end(ask, ENDED_WITHIN).await {
            bail!(
                "{name} (process {}) can't be stopped: is it another user's?",
                process.pid
            );
        }
    }
    directory.forget();
    Ok(!left.is_empty())
}
