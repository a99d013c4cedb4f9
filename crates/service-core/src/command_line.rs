//! Options and exit codes that the services' binaries share.

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
