//! flight-service: the binary beside the benchmark's, on a schedule of its choice.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, ensure};

use super::program::{HIDDEN_ENVIRONMENT, Program};
use crate::http::Target;

/// A running flight-service.
pub struct FlightService(Program);

/// Where its data are, and settings that differ from the defaults, as variables.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Its database.
    pub database_url: String,
    /// Its Redis.
    pub redis_url: String,
    /// Other settings.
    pub settings: Vec<(&'static str, String)>,
}

impl FlightService {
    /// Starts it, and waits until it is ready.
    ///
    /// # Errors
    /// When its binary is not there, or it does not get ready.
    pub async fn start(scratch: &Path, environment: &Environment) -> anyhow::Result<Self> {
        let variables = |port| environment.variables(port);
        let program = program()?;
        let service =
            Program::start(&program, scratch, |_| Vec::new(), variables, "/ready").await?;
        Ok(Self(service))
    }

    /// Where it listens.
    #[must_use]
    pub fn target(&self) -> Target {
        self.0.target()
    }

    /// Ends it in order.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.0.stop().await
    }
}

impl Environment {
    fn variables(&self, port: u16) -> Vec<(String, String)> {
        let mut variables = vec![
            ("HOLDFAST__HTTP__HOST", "127.0.0.1".to_owned()),
            ("PORT", port.to_string()),
            ("DATABASE_URL", self.database_url.clone()),
            ("REDIS_URL", self.redis_url.clone()),
            (
                "HOLDFAST__SALES__CLOSE_BEFORE_DEPARTURE",
                "never".to_owned(),
            ),
            ("HOLDFAST__LOG__FILTER", "warn".to_owned()),
        ];
        variables.extend(self.settings.iter().cloned());
        variables
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}

/// Has the service make its tables and load the schedule of a directory.
///
/// # Errors
/// When it can't.
pub async fn import(directory: &Path, environment: &Environment) -> anyhow::Result<()> {
    let mut command = tokio::process::Command::new(program()?);
    for name in HIDDEN_ENVIRONMENT {
        command.env_remove(name);
    }
    let output = command
        .arg("import")
        .arg(directory)
        .envs(environment.variables(0))
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

/// The service's binary, which lies beside the benchmark's.
fn program() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?.with_file_name("flight-service");
    ensure!(
        program.is_file(),
        "{} does not exist: build it (`cargo build --release -p flight-service`)",
        program.display()
    );
    Ok(program)
}
