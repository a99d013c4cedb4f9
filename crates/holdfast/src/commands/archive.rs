//! `holdfast archive`: moves what is old and over to the schema `archive`.

use std::process::ExitCode;

use archive::{Cutoff, Options};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::commands::database_urls;
use crate::local::print;
use crate::local::settings::Settings;

#[derive(clap::Args)]
pub struct Arguments {
    /// The first of a month, at least 30 days ago: what is older moves
    #[arg(long, value_name = "DATE")]
    before: Date,
    /// Print what would move, and move nothing
    #[arg(long)]
    dry_run: bool,
    /// URL of the flights database; by default the running stack's
    #[arg(
        long,
        value_name = "URL",
        env = "HOLDFAST_ARCHIVE_FLIGHTS",
        hide_env_values = true
    )]
    flights: Option<String>,
    /// URL of the bookings database
    #[arg(
        long,
        value_name = "URL",
        env = "HOLDFAST_ARCHIVE_BOOKINGS",
        hide_env_values = true
    )]
    bookings: Option<String>,
    /// URL of the payments database
    #[arg(
        long,
        value_name = "URL",
        env = "HOLDFAST_ARCHIVE_PAYMENTS",
        hide_env_values = true
    )]
    payments: Option<String>,
    /// Pause after each batch, as a multiple of the time that it took
    #[arg(long, value_name = "TIMES", default_value_t = 4)]
    pause: u32,
}

pub async fn execute(settings: &Settings, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let before = Cutoff::new(arguments.before, Timestamp::now())?;
    let urls = database_urls::given_or_running(
        settings,
        [&arguments.flights, &arguments.bookings, &arguments.payments],
    )
    .await?;
    let options = Options {
        is_dry: arguments.dry_run,
        pause: arguments.pause,
        ..Options::new(before)
    };
    print::line(archive::run(&urls, options).await?);
    Ok(ExitCode::SUCCESS)
}
