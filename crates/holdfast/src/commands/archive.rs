//! `holdfast archive`: moves what is old and over to the schema `archive`.

use std::process::ExitCode;

use archive::{Cutoff, Options, Urls};
use jiff::Timestamp;
use jiff::civil::Date;
use local_servers::service::Service;

use crate::local::print;
use crate::local::settings::Settings;
use crate::local::stack::running_database_url;

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
    let url = async |given: &Option<String>, service: Service| match given {
        Some(url) => Ok(url.clone()),
        None => running_database_url(settings, service.database()).await,
    };
    let urls = Urls {
        flights: url(&arguments.flights, Service::Flight).await?,
        bookings: url(&arguments.bookings, Service::Booking).await?,
        payments: url(&arguments.payments, Service::Payment).await?,
    };
    let options = Options {
        is_dry: arguments.dry_run,
        pause: arguments.pause,
        ..Options::new(before)
    };
    print::line(archive::run(&urls, options).await?);
    Ok(ExitCode::SUCCESS)
}
