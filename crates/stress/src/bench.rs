//! What the benchmarks share: the servers that they start, and how their numbers are shown.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`bare`] | an actix-web handler that does nothing but answer |
//! | [`service`] | the services, on data of the benchmark's choice |
//! | [`test_servers`] | servers and services of a run's own |
//! | [`rounds`] | the rounds of a benchmark of several cases over HTTP |
//! | [`program`] | a server in a process of its own |
//! | [`inventory`] | the inventory in this process, and pools that never sell out |
//! | [`oversell_check`] | whether what was granted is what was taken |
//! | [`ledger`] | what a service says of its own pools |
//! | [`cores`] | how much of the machine each of a benchmark's programs takes |
//! | [`background_load`] | what other programs take of the machine meanwhile |
//! | [`numbers`] | lines, ratios, and the line for programs |

pub mod background_load;
pub mod bare;
pub mod cores;
pub mod inventory;
pub mod ledger;
pub mod numbers;
pub mod oversell_check;
pub mod program;
pub mod rounds;
pub mod service;
pub mod test_servers;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::bail;
use tokio::signal::unix::{SignalKind, signal};

/// A benchmark's work, given up when somebody interrupts it: what it started ends with it.
///
/// # Errors
/// Those of the work, and when it was interrupted.
pub async fn unless_interrupted<T>(
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    tokio::select! {
        finished = work => finished,
        signal = interrupted() => bail!("interrupted by {}", signal?),
    }
}

async fn interrupted() -> std::io::Result<&'static str> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => Ok("SIGINT"),
        _ = terminate.recv() => Ok("SIGTERM"),
        _ = hangup.recv() => Ok("SIGHUP"),
    }
}

/// What a benchmark's process ends with; a failure is shown.
#[must_use]
pub fn exit_code(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            writeln!(std::io::stderr().lock(), "error: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}
