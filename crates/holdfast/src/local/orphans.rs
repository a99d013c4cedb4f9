//! What a stack that was killed has left running.

use std::time::Duration;

use anyhow::bail;
use local_servers::process::ProcessIdentity;
use nix::sys::signal::Signal;

use super::print;
use super::state::{State, StateDirectory};

/// How long each may take to end in order before it is killed.
const ENDED_WITHIN: Duration = Duration::from_secs(35);

/// The processes of the last stack that still run, with their names, last started first.
pub fn find(state: &State) -> Vec<(&str, ProcessIdentity)> {
    let parts = state.parts.iter().rev();
    parts
        .filter_map(|part| Some((part.name.as_str(), part.process?)))
        .filter(|(_, process)| process.is_alive())
        .collect()
}

/// Stops them. To be called with the lock held: then the stack they belong to is gone. Answers whether
/// there were any.
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
        // PostgreSQL waits for its clients at SIGTERM, and sends them away at SIGINT.
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
