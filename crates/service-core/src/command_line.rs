//! The options and the start-up that the services' binaries share.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

/// Options that every service has.
#[derive(Debug, Args)]
pub struct CommonOptions {
    /// A TOML file with settings, over the embedded defaults and under the environment
    #[arg(long, global = true, value_name = "FILE", env = "HOLDFAST_CONFIG")]
    pub config: Option<PathBuf>,
}

/// Writes a text to standard output.
///
/// # Errors
/// When it can't be written.
pub fn print(text: &str) -> anyhow::Result<()> {
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

/// What a program ends with: an error is written to standard error as one line, causes and all.
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
