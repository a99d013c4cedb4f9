//! Programs of this project that listen on a port, as processes that end with this one.

use std::path::Path;
use std::time::Duration;

use local_servers::child::{Child, Launch, Lifetime, arguments};
use local_servers::logs::last_lines;
use local_servers::process::ProcessIdentity;
use local_servers::temporary_directory::unused_path;
use nix::sys::signal::Signal;

use crate::wait_for;

/// Timeout of a start.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// Timeout of an orderly stop.
const STOPPED_WITHIN: Duration = Duration::from_secs(25);

/// Log lines quoted in an error.
pub const QUOTED_LINES: usize = 40;

/// How to start a program.
#[derive(Debug)]
pub struct ProgramLaunch<'a> {
    pub program: &'a Path,
    pub arguments: Vec<String>,
    /// Added to this process's environment, which is stripped of variables that would redirect a service.
    pub environment: Vec<(String, String)>,
    /// The output is appended here.
    pub log: &'a Path,
}

impl ProgramLaunch<'_> {
    /// Starts it without waiting until it is ready.
    pub fn spawn(self) -> anyhow::Result<Child> {
        // The program has no directory; nothing exists at this path to be removed with it.
        let directory = unused_path(&std::env::temp_dir(), "program");
        let launch = Launch {
            program: self.program,
            arguments: arguments(self.arguments),
            environment: self.environment,
            hidden_environment: &HIDDEN_ENVIRONMENT,
            account: None,
            working_directory: Path::new("/"),
            log: self.log,
            last_signal: Signal::SIGTERM,
            lifetime: &Lifetime::Temporary { directory },
        };
        Ok(launch.start()?)
    }
}

/// A program that listens on a port of this machine.
#[derive(Debug)]
pub struct Program {
    child: Child,
    port: u16,
}

impl Program {
    /// Starts a program on this port, and waits until this path is answered 200.
    ///
    /// # Errors
    /// When it can't be started or does not become ready; quotes the end of its log.
    pub async fn start(
        launch: ProgramLaunch<'_>,
        port: u16,
        ready_path: &str,
    ) -> anyhow::Result<Self> {
        let (name, log) = (launch.program.display().to_string(), launch.log.to_owned());
        let program = Self {
            child: launch.spawn()?,
            port,
        };
        let url = program.url(ready_path);
        let ready = wait_for("it is ready", READY_WITHIN, async || {
            let answer = reqwest::get(&url).await;
            match answer.map(|answer| answer.status()) {
                Ok(reqwest::StatusCode::OK) => Ok(()),
                Ok(status) => Err(format!("{ready_path} answers {status}")),
                Err(error) => Err(error.to_string()),
            }
        });
        ready.await.map_err(|error| {
            let log = last_lines(&log, QUOTED_LINES);
            error.context(format!("{name} failed:\n{log}"))
        })?;
        Ok(program)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn identity(&self) -> ProcessIdentity {
        self.child.identity()
    }

    /// Stops it gracefully.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.child.end(&[(Signal::SIGTERM, STOPPED_WITHIN)]).await?;
        Ok(())
    }
}

/// Variables of the user's environment that would redirect a service.
pub(crate) const HIDDEN_ENVIRONMENT: [&str; 15] = [
    "HOLDFAST_CONFIG",
    "HOLDFAST__HTTP__PORT",
    "HOLDFAST__DATABASE__URL",
    "HOLDFAST__REDIS__URL",
    "HOLDFAST__REDIS__ENABLED",
    "HOLDFAST__REDIS__KEY_PREFIX",
    "HOLDFAST__FLIGHTS__URL",
    "HOLDFAST__PAYMENTS__URL",
    "DB_HOST",
    "DB_PORT",
    "DB_NAME",
    "DB_USER",
    "DB_PASSWORD",
    "REDIS_HOST",
    "REDIS_PORT",
];
