//! Options, runtime and exit codes that the services' binaries share.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

/// Options of every service.
#[derive(Debug, Args)]
pub struct CommonOptions {
    /// A TOML file with settings, over the embedded defaults and under the environment
    #[arg(long, global = true, value_name = "FILE", env = "HOLDFAST_CONFIG")]
    pub config: Option<PathBuf>,
}

/// Runs a service's work on the runtime for what is beside the HTTP workers: bookings, group commits, database
/// connections, background tasks.
///
/// HTTP workers have a thread per core already, so half as many do here. A thread more than needed is not idle: with
/// each task that wakes, Tokio wakes another thread to look for more. Long computations belong on
/// [`tokio::task::spawn_blocking`]'s threads: here they would delay commits.
#[must_use]
pub fn run(work: impl Future<Output = anyhow::Result<()>>) -> ExitCode {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads((cores / 2).max(1))
        .enable_all()
        .build();
    exit_code(match runtime {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => Err(error.into()),
    })
}

/// Writes to standard output.
///
/// # Errors
/// When standard output is closed or full.
pub fn print(text: &str) -> anyhow::Result<()> {
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

/// The exit code of a program. An error goes to standard error as one line, with its causes.
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
