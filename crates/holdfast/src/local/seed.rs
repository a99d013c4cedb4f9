//! The schedules of a new stack: the demo, whose answers are known, and a real week.
//!
//! flight-service remembers its imports, so asking at every start is quick.

use std::path::Path;
use std::process::{ExitStatus, Stdio};

use anyhow::{Context, bail};
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use local_servers::service::Service;
use tokio::process::Command;

use super::environment::is_set;
use super::services::{self, Addresses, HIDDEN_ENVIRONMENT};
use super::settings::Settings;

/// The terminal shows progress; of the log only errors, as plain text.
const TERMINAL_LOG: [(&str, &str); 2] = [
    ("HOLDFAST__LOG__FILTER", "warn"),
    ("HOLDFAST__LOG__FORMAT", "pretty"),
];

/// The imports for today's date: the demo on its own day and from today on, then the week, shifted to the
/// next Monday.
fn imports(today: Date) -> anyhow::Result<[Vec<String>; 2]> {
    let coming_monday = today.nth_weekday(1, Weekday::Monday)?;
    let words = |line: String| line.split(' ').map(str::to_owned).collect();
    Ok([
        words(format!(
            "import data/demo --once --on 2024-02-15 --from {today} --days 60"
        )),
        words(format!(
            "import data/us-week --once --starting {coming_monday}"
        )),
    ])
}

/// Imports the missing schedules, with progress on the terminal.
pub async fn run(settings: &Settings, addresses: &Addresses) -> anyhow::Result<()> {
    for arguments in imports(today())? {
        let status = import(settings, addresses, &arguments).await?;
        if !status.success() {
            bail!("flight-service {} failed ({status})", arguments.join(" "));
        }
    }
    Ok(())
}

/// Fails before anything starts if the schedules are missing.
pub fn check() -> anyhow::Result<()> {
    for arguments in imports(today())? {
        let directory = &arguments[1];
        if !Path::new(directory).is_dir() {
            bail!("{directory} does not exist: run this in the project's directory");
        }
    }
    Ok(())
}

fn today() -> Date {
    jiff::Timestamp::now().to_zoned(TimeZone::UTC).date()
}

async fn import(
    settings: &Settings,
    addresses: &Addresses,
    arguments: &[String],
) -> anyhow::Result<ExitStatus> {
    let mut command = Command::new(Service::Flight.program()?);
    for name in HIDDEN_ENVIRONMENT {
        command.env_remove(name);
    }
    command
        .args(arguments)
        .envs(services::environment(
            Service::Flight,
            settings,
            addresses,
            is_set,
        ))
        .envs(TERMINAL_LOG.into_iter().filter(|(name, _)| !is_set(name)))
        .stdin(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .status()
        .await
        .context("flight-service can't be started")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_week_starts_on_the_monday_after_today() {
        let week = |today: Date| imports(today).unwrap()[1].join(" ");
        let expected = "import data/us-week --once --starting 2024-02-19";
        assert_eq!(week(jiff::civil::date(2024, 2, 12)), expected);
        assert_eq!(week(jiff::civil::date(2024, 2, 18)), expected);
    }

    #[test]
    fn the_demo_is_loaded_on_its_day_and_from_today() {
        let demo = imports(jiff::civil::date(2024, 12, 31)).unwrap()[0].join(" ");
        assert_eq!(
            demo,
            "import data/demo --once --on 2024-02-15 --from 2024-12-31 --days 60"
        );
    }
}
