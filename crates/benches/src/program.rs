//! A benchmark's command line and exit code.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use test_stack::unless_interrupted;
use tokio::runtime::Runtime;

use crate::baselines::bare;

#[derive(Parser)]
struct CommandLine<A: Args> {
    #[command(flatten)]
    arguments: A,
    #[command(subcommand)]
    child: Option<Child>,
}

/// What the benchmark starts its own program as.
#[derive(Subcommand)]
enum Child {
    /// The bare handler
    #[command(hide = true)]
    Bare {
        /// The port on 127.0.0.1
        port: u16,
        /// Size of the body, in bytes
        bytes: usize,
    },
}

/// Runs the benchmark, unless this program was started as its bare handler. Prints the error of a failed one.
pub fn main<A: Args>(
    name: &'static str,
    about: &'static str,
    measure: impl AsyncFnOnce(A) -> anyhow::Result<()>,
) -> ExitCode {
    let command = CommandLine::<A>::command().name(name).about(about);
    let matches = command.get_matches();
    let line = CommandLine::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let result = match line.child {
        Some(Child::Bare { port, bytes }) => bare::serve(port, bytes),
        // Servers of an interrupted run are ended by their watchdog.
        None => Runtime::new()
            .map_err(anyhow::Error::from)
            .and_then(|runtime| {
                runtime.block_on(unless_interrupted(Box::pin(measure(line.arguments))))
            }),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            writeln!(std::io::stderr().lock(), "error: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}
