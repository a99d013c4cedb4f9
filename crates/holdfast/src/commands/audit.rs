//! `holdfast audit`: checks the invariants across the three databases.

use std::process::ExitCode;
use std::time::Duration;

use reconcile::{Options, Report};

use crate::commands::database_urls;
use crate::local::print;
use crate::local::settings::Settings;

/// Exit code if a database can't be read.
const NO_VERDICT: u8 = 2;

#[derive(clap::Args)]
pub struct Arguments {
    /// URL of the flights database; by default the running stack's
    #[arg(
        long,
        value_name = "URL",
        env = "HOLDFAST_AUDIT_FLIGHTS",
        hide_env_values = true
    )]
    flights: Option<String>,
    /// URL of the bookings database
    #[arg(
        long,
        value_name = "URL",
        env = "HOLDFAST_AUDIT_BOOKINGS",
        hide_env_values = true
    )]
    bookings: Option<String>,
    /// URL of the payments database
    #[arg(
        long,
        value_name = "URL",
        env = "HOLDFAST_AUDIT_PAYMENTS",
        hide_env_values = true
    )]
    payments: Option<String>,
    /// Seconds after which unfinished work is overdue
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    overdue_after: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub async fn execute(settings: &Settings, arguments: &Arguments) -> ExitCode {
    let verdict = match verdict(settings, arguments).await {
        Ok(verdict) => verdict,
        Err(error) => {
            print::failure(&error);
            return ExitCode::from(NO_VERDICT);
        }
    };
    match serde_json::to_string_pretty(&verdict) {
        Ok(json) if arguments.json => print::line(json),
        _ => print::line(&verdict),
    }
    if verdict.clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

async fn verdict(settings: &Settings, arguments: &Arguments) -> anyhow::Result<Report> {
    let urls = database_urls::given_or_running(
        settings,
        [&arguments.flights, &arguments.bookings, &arguments.payments],
    )
    .await?;
    let options = Options {
        overdue_after: Duration::from_secs(arguments.overdue_after),
    };
    Ok(reconcile::reconcile(&urls, &options).await?)
}
