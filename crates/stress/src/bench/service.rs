//! The services: the binaries beside the benchmark's, on data of its choice.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use stack::process::ProcessIdentity;

use super::program::{HIDDEN_ENVIRONMENT, Program};
use crate::http::Target;

/// One of the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// flight-service.
    Flight,
    /// booking-service.
    Booking,
    /// payment-service.
    Payment,
}

/// Where a service's data are, and settings that differ from the defaults, as variables.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Its database.
    pub database_url: String,
    /// Its Redis.
    pub redis_url: String,
    /// Other settings.
    pub settings: Vec<(&'static str, String)>,
}

/// A service that runs.
pub struct Running(Program);

impl Service {
    /// Its name, which is its binary's.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Flight => "flight-service",
            Self::Booking => "booking-service",
            Self::Payment => "payment-service",
        }
    }

    /// Starts it, and waits until it is ready.
    ///
    /// # Errors
    /// When its binary is not there, or it does not get ready.
    pub async fn start(self, scratch: &Path, environment: &Environment) -> anyhow::Result<Running> {
        let variables = |port| self.variables(environment, port);
        let program = self.program()?;
        let running =
            Program::start(&program, scratch, |_| Vec::new(), variables, "/ready").await?;
        Ok(Running(running))
    }

    fn variables(self, environment: &Environment, port: u16) -> Vec<(String, String)> {
        let mut variables = vec![
            ("HOLDFAST__HTTP__HOST", "127.0.0.1".to_owned()),
            ("PORT", port.to_string()),
            ("DATABASE_URL", environment.database_url.clone()),
            ("REDIS_URL", environment.redis_url.clone()),
            ("HOLDFAST__LOG__FILTER", "warn".to_owned()),
            ("HOLDFAST__AUTH__MODE", "open".to_owned()),
        ];
        if self == Self::Flight {
            let never = (
                "HOLDFAST__SALES__CLOSE_BEFORE_DEPARTURE",
                "never".to_owned(),
            );
            variables.push(never);
        }
        if self == Self::Booking {
            // A load has few users and one address.
            let free = [
                "HOLDFAST__CUSTOMERS__SEATS_PER_ORDER",
                "HOLDFAST__CUSTOMERS__UNPAID_ORDERS_PER_USER",
                "HOLDFAST__CUSTOMERS__UNPAID_ORDERS_PER_ADDRESS",
            ];
            variables.extend(free.map(|name| (name, "0".to_owned())));
            let never = "never".to_owned();
            variables.push((
                "HOLDFAST__CUSTOMERS__CANCEL_BEFORE_DEPARTURE",
                never.clone(),
            ));
            variables.push(("HOLDFAST__CUSTOMERS__CANCEL_BEFORE_EVENT", never));
        }
        variables.extend(environment.settings.iter().cloned());
        variables
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// The binary, which lies beside the benchmark's.
    fn program(self) -> anyhow::Result<PathBuf> {
        let program = std::env::current_exe()?.with_file_name(self.name());
        ensure!(
            program.is_file(),
            "{} does not exist: build it (`cargo build --release -p {}`)",
            program.display(),
            self.name()
        );
        Ok(program)
    }
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn target(&self) -> Target {
        self.0.target()
    }

    /// Its process.
    #[must_use]
    pub fn identity(&self) -> ProcessIdentity {
        self.0.identity()
    }

    /// Ends it in order.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.0.stop().await
    }
}

/// Has flight-service make its tables and load the schedule of a directory.
///
/// # Errors
/// When it can't.
pub async fn import(directory: &Path, environment: &Environment) -> anyhow::Result<()> {
    import_with(directory, &[], environment).await
}

/// The same with options for the import.
///
/// # Errors
/// When it can't.
pub async fn import_with(
    directory: &Path,
    options: &[String],
    environment: &Environment,
) -> anyhow::Result<()> {
    let mut command = tokio::process::Command::new(Service::Flight.program()?);
    for name in HIDDEN_ENVIRONMENT {
        command.env_remove(name);
    }
    let output = command
        .arg("import")
        .arg(directory)
        .args(options)
        .envs(Service::Flight.variables(environment, 0))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .context("flight-service can't be started")?;
    ensure!(
        output.status.success(),
        "flight-service can't import the schedule: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
