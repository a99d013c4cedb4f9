//! `holdfast psql`: replaces itself with `psql`, connected to one of the databases.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Context;
use clap::ValueEnum;
use local_servers::postgres::Installation;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::local::settings::Settings;
use crate::local::stack::running_database_url;
use local_servers::service::Service;

#[derive(clap::Args)]
pub struct Arguments {
    /// The service's database
    #[arg(value_enum, default_value_t = Database::Flights)]
    database: Database,
    /// Further arguments of psql: `-- -c 'SELECT 1'`
    #[arg(last = true)]
    arguments: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Database {
    Flights,
    Bookings,
    Payments,
}

impl Database {
    fn name(self) -> &'static str {
        match self {
            Self::Flights => Service::Flight.database(),
            Self::Bookings => Service::Booking.database(),
            Self::Payments => Service::Payment.database(),
        }
    }
}

pub async fn execute(settings: &Settings, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let url = running_database_url(settings, arguments.database.name()).await?;
    let error = Command::new(program())
        .args(&arguments.arguments)
        .envs(environment(&url.parse()?))
        .exec();
    Err(error).context("psql can't be run")
}

fn program() -> PathBuf {
    Installation::find(None)
        .map(|installation| installation.program("psql"))
        .ok()
        .filter(|program| program.is_file())
        .unwrap_or_else(|| "psql".into())
}

/// The connection as variables: every user of the machine can read the command line, password included.
fn environment(config: &Config) -> Vec<(&'static str, String)> {
    let mut environment = Vec::new();
    match config.get_hosts().first() {
        Some(Host::Tcp(host)) => environment.push(("PGHOST", host.clone())),
        Some(Host::Unix(path)) => environment.push(("PGHOST", path.display().to_string())),
        None => {}
    }
    if let Some(port) = config.get_ports().first() {
        environment.push(("PGPORT", port.to_string()));
    }
    if let Some(user) = config.get_user() {
        environment.push(("PGUSER", user.to_owned()));
    }
    if let Some(password) = config.get_password() {
        let password = String::from_utf8_lossy(password).into_owned();
        environment.push(("PGPASSWORD", password));
    }
    if let Some(database) = config.get_dbname() {
        environment.push(("PGDATABASE", database.to_owned()));
    }
    environment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_becomes_variables() {
        let config = "postgres://u:p%40@h:5433/x".parse().unwrap();
        let expected = [
            ("PGHOST", "h"),
            ("PGPORT", "5433"),
            ("PGUSER", "u"),
            ("PGPASSWORD", "p@"),
            ("PGDATABASE", "x"),
        ];
        let found = environment(&config);
        let found: Vec<_> = found
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        assert_eq!(found, expected);
    }
}
