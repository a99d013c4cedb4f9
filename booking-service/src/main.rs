//! The command line: serve, migrate, or print the OpenAPI document.

use booking_service::settings::Settings;
use booking_service::{Application, migrate, routes};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use service_core::command_line::{self, CommonOptions};
use service_core::telemetry;
use service_http::openapi;

/// Bookings of flights, orders, events and ticket options
#[derive(Parser)]
#[command(name = booking_service::NAME)]
struct Arguments {
    #[command(flatten)]
    common: CommonOptions,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve requests (the default)
    Serve,
    /// Apply pending migrations to the bookings database and exit
    Migrate,
    /// Print the OpenAPI document as YAML
    Openapi,
}

fn main() -> ExitCode {
    command_line::run(run(Arguments::parse()))
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let command = arguments.command.unwrap_or(Command::Serve);
    if let Command::Openapi = command {
        return openapi::print_openapi(&routes::document(&routes::endpoints(false)?));
    }
    let settings = Settings::load(arguments.common.config.as_deref())?;
    telemetry::start_logs(&settings.log)?;
    match command {
        Command::Migrate => migrate(&settings).await,
        Command::Serve | Command::Openapi => Application::build(&settings).await?.run().await,
    }
}
