//! Servers that are programs of this project, each in a process of its own.

use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use stack::child::{Child, Launch, Lifetime, arguments};
use stack::process::ProcessIdentity;
use stack::testing::wait_for;
use stack::{logs, ports};

use crate::http::{Connection, Request, Target};

/// How long a program may take until it answers.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// How long it may take to end when it is asked to.
const ENDED_WITHIN: Duration = Duration::from_secs(25);

/// A running program that listens on a port of this machine. It ends with this process.
pub struct Program {
    child: Child,
    target: Target,
}

impl Program {
    /// Starts a program on a free port, and waits until it answers this path with 200.
    ///
    /// # Errors
    /// When it can't be started, or does not get ready.
    pub async fn start(
        program: &Path,
        scratch: &Path,
        words: impl FnOnce(u16) -> Vec<String>,
        environment: impl FnOnce(u16) -> Vec<(String, String)>,
        ready_path: &'static str,
    ) -> anyhow::Result<Self> {
        let port = ports::free_port()?;
        let directory = scratch.join(port.to_string());
        std::fs::create_dir(&directory)?;
        let log = directory.join("log");
        let child = Launch {
            program,
            arguments: arguments(words(port)),
            environment: environment(port),
            hidden_environment: &HIDDEN_ENVIRONMENT,
            account: None,
            working_directory: Path::new("/"),
            log: &log,
            last_signal: Signal::SIGTERM,
            lifetime: &Lifetime::Temporary {
                directory: directory.clone(),
            },
        }
        .start()?;
        let target: Target = format!("127.0.0.1:{port}").parse()?;
        let ready = wait_for("it is ready", READY_WITHIN, async || {
            let mut connection = Connection::open(target).await.map_err(|e| e.to_string())?;
            let request = Request::get(ready_path);
            match connection.send(&request).await {
                Ok(answer) if answer.status == 200 => Ok(()),
                Ok(answer) => Err(format!("{ready_path} answers {}", answer.status)),
                Err(error) => Err(error.to_string()),
            }
        });
        ready.await.map_err(|error| {
            let log = logs::last_lines(&log, 15);
            error.context(format!("{} failed:\n{log}", program.display()))
        })?;
        Ok(Self { child, target })
    }

    /// Where it listens.
    #[must_use]
    pub fn target(&self) -> Target {
        self.target
    }

    /// Its process.
    #[must_use]
    pub fn identity(&self) -> ProcessIdentity {
        self.child.identity()
    }

    /// Ends it in order.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.child.end(&[(Signal::SIGTERM, ENDED_WITHIN)]).await?;
        Ok(())
    }
}

/// Names by which a user's environment would lead a service elsewhere.
pub const HIDDEN_ENVIRONMENT: [&str; 15] = [
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
