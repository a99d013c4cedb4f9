//! The binary: reads its command line and settings, then serves, migrates, imports or prints.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use flight_service::import::{self, ImportOptions};
use flight_service::settings::Settings;
use flight_service::{Application, migrate, routes};
use service_core::command_line::{self, CommonOptions};
use service_core::telemetry;
use service_http::openapi;

/// Flights, itinerary search and seats
#[derive(Parser)]
#[command(name = flight_service::NAME)]
struct Arguments {
    #[command(flatten)]
    common: CommonOptions,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Answer requests (the default)
    Serve,
    /// Bring the flights database up to date and stop
    Migrate,
    /// Load a schedule from a directory with airports.csv and flights.csv or flights.csv.gz
    Import(ImportOptions),
    /// Print the OpenAPI document as YAML
    Openapi,
}

fn main() -> ExitCode {
    command_line::run(run(Arguments::parse()))
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let command = arguments.command.unwrap_or(Command::Serve);
    if let Command::Openapi = command {
        return openapi::print_openapi(&routes::document(&routes::endpoints()?));
    }
    let settings = Settings::load(arguments.common.config.as_deref())?;
    telemetry::start_logs(&settings.log)?;
    match command {
        Command::Migrate => migrate(&settings).await,
        Command::Import(options) => import::run(&settings, &options).await,
        Command::Serve | Command::Openapi => Application::build(&settings).await?.run().await,
    }
}
