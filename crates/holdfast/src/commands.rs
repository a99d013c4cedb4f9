//! The command line.

mod archive;
mod audit;
mod database_urls;
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
/// Environment variables, with defaults: HOLDFAST_STATE_DIR (.holdfast), HOLDFAST_FLIGHT_PORT (8080),
/// HOLDFAST_BOOKING_PORT (8081), HOLDFAST_PAYMENT_PORT (8082), HOLDFAST_POSTGRES_PORT (15432) and
/// HOLDFAST_REDIS_PORT (16379); HOLDFAST_POSTGRES_URL and HOLDFAST_REDIS_URL name existing servers to use
/// instead of private ones.
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
        /// Detach from the terminal: how `start` runs it
        #[arg(long, hide = true)]
        background: bool,
    },
    /// Run everything in the background
    Start,
    /// Stop the stack, in the background or in another terminal
    Stop,
    /// Show the status of each part; the exit code is 0 if all are ready, 3 if nothing runs
    Status,
    /// Delete all data and import the schedules again
    Reset,
    /// Delete the state directory with all data; the stack must be stopped
    Remove,
    /// Follow the logs
    Logs,
    /// Open one of the databases in psql
    Psql(psql::Arguments),
    /// Check the invariants across the three databases; the exit code is 1 if one is violated, 2 if a
    /// database can't be read
    Audit(audit::Arguments),
    /// Move what is older than a date and over to the schema `archive` of each database
    Archive(archive::Arguments),
    /// Create a key pair for signing and checking tokens
    MintKey(mint_key::Arguments),
    /// Sign a token
    MintToken(mint_token::Arguments),
}

impl Holdfast {
    /// Runs the command; returns the exit code.
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
            Command::Archive(arguments) => archive::execute(&settings, &arguments).await,
            Command::Psql(arguments) => psql::execute(&settings, &arguments).await,
            Command::MintKey(arguments) => mint_key::execute(&settings, &arguments),
            Command::MintToken(arguments) => mint_token::execute(&settings, &arguments),
        }
    }
}
