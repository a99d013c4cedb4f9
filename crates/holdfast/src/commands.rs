//! The command line.

mod audit;
mod logs;
pub mod mint_key;
mod mint_token;
mod psql;
mod remove;
mod reset;
mod run;
mod start;
mod status;
mod stop;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::local::settings::Settings;

/// Runs Holdfast on this machine: PostgreSQL, Redis and the three services, without Docker.
///
/// Settings are environment variables: HOLDFAST_STATE_DIR (.holdfast), HOLDFAST_FLIGHT_PORT (8080),
/// HOLDFAST_BOOKING_PORT (8081), HOLDFAST_PAYMENT_PORT (8082), HOLDFAST_POSTGRES_PORT (15432) and
/// HOLDFAST_REDIS_PORT (16379); HOLDFAST_POSTGRES_URL and HOLDFAST_REDIS_URL name existing servers to
/// use instead of private ones.
#[derive(Parser)]
#[command(name = "holdfast")]
pub struct Holdfast {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run everything in the foreground until Ctrl-C
    Run {
        /// Leave the terminal: how `start` runs it
        #[arg(long, hide = true)]
        background: bool,
    },
    /// Run everything in the background
    Start,
    /// Stop what runs in the background or in another terminal
    Stop,
    /// Show what runs; the exit code is 0 if all is ready, 3 if nothing runs
    Status,
    /// Remove all data and load the schedules anew
    Reset,
    /// Remove the state directory with all data; nothing may be running
    Remove,
    /// Follow the logs
    Logs,
    /// Open one of the databases in psql
    Psql(psql::Arguments),
    /// Check the invariants across the three databases; the exit code is 1 if one is violated, and 2 if
    /// that can't be found out
    Audit(audit::Arguments),
    /// Make a key pair that tokens are made and checked with
    MintKey(mint_key::Arguments),
    /// Make a token
    MintToken(mint_token::Arguments),
}

impl Holdfast {
    /// Does what was asked for. The code is the process's exit code.
    pub async fn execute(self) -> anyhow::Result<ExitCode> {
        let settings = Settings::from_environment()?;
        match self.command {
            Command::Run { background } => run::execute(&settings, background).await,
            Command::Start => start::execute(&settings).await,
            Command::Stop => stop::execute(&settings).await,
            Command::Status => status::execute(&settings).await,
            Command::Reset => reset::execute(&settings).await,
            Command::Remove => remove::execute(&settings).await,
            Command::Logs => logs::execute(&settings),
            Command::Audit(arguments) => Ok(audit::execute(&settings, &arguments).await),
            Command::Psql(arguments) => psql::execute(&settings, &arguments).await,
            Command::MintKey(arguments) => mint_key::execute(&settings, &arguments),
            Command::MintToken(arguments) => mint_token::execute(&settings, &arguments),
        }
    }
}
