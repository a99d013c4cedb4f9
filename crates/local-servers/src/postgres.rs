//! A private PostgreSQL server with its own data directory and port.
//!
//! It listens on 127.0.0.1 only, with a random password, and is never the machine's own server. [`database`]
//! creates the services' databases; the services create their tables.

mod data_directory;
mod error;
mod installation;
mod settings;
mod superuser;

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::error::SqlState;

use crate::child::{Child, Launch, Lifetime, arguments};
use crate::os_user::OsUser;
use crate::process::{KILLED_WITHIN, ProcessIdentity};
use crate::{database, logs, ports};
use data_directory::DataDirectory;

pub use error::PostgresError;
pub use installation::{Installation, OLDEST_MAJOR};
pub use settings::Durability;
pub use superuser::USER;

/// Start-up takes a second; crash recovery under load takes longer.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// Limit of one connection attempt.
const CONNECTED_WITHIN: Duration = Duration::from_secs(2);
/// A fast shutdown writes a checkpoint: at most all of `shared_buffers`.
const STOPPED_WITHIN: Duration = Duration::from_secs(30);
/// An immediate shutdown writes nothing.
const QUIT_WITHIN: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(30);
/// Attempts with another port, in case the free one was taken meanwhile.
const PORT_TRIES: usize = 3;
const QUOTED_LINES: usize = 15;

/// Variables that would change the server's behaviour.
const HIDDEN_ENVIRONMENT: [&str; 4] = ["PGDATA", "PGPORT", "PGOPTIONS", "PGTZ"];

#[derive(Clone, Debug)]
pub struct Config {
    /// Its own directory, created if missing; the parent must exist.
    pub directory: PathBuf,
    /// On 127.0.0.1.
    pub port: u16,
    /// The log is appended to.
    pub log: PathBuf,
    /// Whether commits survive a failure of the machine.
    pub durability: Durability,
    /// What happens to it when its parent dies.
    pub lifetime: Lifetime,
}

/// A private PostgreSQL server, running, or stopped and ready to restart on the same port and data.
#[derive(Debug)]
pub struct Server {
    config: Config,
    installation: Installation,
    home: DataDirectory,
    password: String,
    child: Option<Child>,
}

impl Server {
    /// Finds the programs, and creates the directory and an empty database cluster if missing. Starts nothing.
    pub async fn prepare(config: Config) -> Result<Self, PostgresError> {
        let home = DataDirectory::open(&config.directory).await?;
        let major = home.major()?;
        let installation = Installation::find(major)?;
        let password = home.password()?;
        if major.is_none() {
            home.initialize(&installation, config.durability).await?;
        }
        Ok(Self {
            config,
            installation,
            home,
            password,
            child: None,
        })
    }

    /// Starts a server and waits until it accepts connections.
    pub async fn start(config: Config) -> Result<Self, PostgresError> {
        let mut server = Self::prepare(config).await?;
        server.restart().await?;
        Ok(server)
    }

    /// Starts a server on a free port. It ends with this process, even if that is killed, and its data is
    /// removed.
    pub async fn temporary(durability: Durability) -> Result<Self, PostgresError> {
        let account = OsUser::for_servers()?;
        let directory = account.scratch_directory("postgres").await?;
        let mut server = Self::prepare(Config {
            port: ports::free_port()?,
            log: directory.join("postgres.log"),
            lifetime: Lifetime::Temporary {
                directory: directory.clone(),
            },
            directory: directory.clone(),
            durability,
        })
        .await
        .inspect_err(|_| drop(std::fs::remove_dir_all(&directory)))?;
        let mut tries = 1;
        loop {
            match server.restart().await {
                Err(PostgresError::Ended { .. }) if tries < PORT_TRIES => tries += 1,
                outcome => return outcome.map(|()| server),
            }
            server.config.port = ports::free_port()?;
        }
    }

    /// Starts the process without waiting: see [`Server::ready`].
    pub fn spawn(&mut self) -> Result<(), PostgresError> {
        let mut line = arguments(["-p", &self.config.port.to_string(), "-D"]);
        line.push(self.home.data().into());
        for (name, value) in self.config.durability.settings() {
            line.extend(arguments(["-c", &format!("{name}={value}")]));
        }
        let program = self.installation.program("postgres");
        let launch = Launch {
            program: &program,
            arguments: line,
            environment: Vec::new(),
            hidden_environment: &HIDDEN_ENVIRONMENT,
            account: Some(&self.home.account),
            working_directory: &self.home.directory,
            log: &self.config.log,
            last_signal: Signal::SIGQUIT,
            lifetime: &self.config.lifetime,
        };
        self.child = Some(launch.start()?);
        Ok(())
    }

    /// Waits until it accepts connections, with a limit.
    pub async fn ready(&mut self) -> Result<(), PostgresError> {
        let url = self.url("postgres");
        let port = self.config.port;
        let child = self.child.as_mut().ok_or(PostgresError::NotRunning)?;
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            if let Some(status) = child.ended()? {
                let log = logs::last_lines(&self.config.log, QUOTED_LINES);
                return Err(PostgresError::Ended { port, status, log });
            }
            let reason = match timeout(CONNECTED_WITHIN, database::connect(&url)).await {
                Ok(Ok(_connection)) => return Ok(()),
                Ok(Err(error)) if error.code() == Some(&SqlState::INVALID_PASSWORD) => {
                    return Err(PostgresError::WrongPassword { port });
                }
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no answer".to_owned(),
            };
            if Instant::now() >= deadline {
                return Err(PostgresError::Silent {
                    port,
                    within_s: READY_WITHIN.as_secs(),
                    reason,
                    log: logs::last_lines(&self.config.log, QUOTED_LINES),
                });
            }
            sleep(POLL).await;
        }
    }

    /// Restarts it on the same port and data, and waits until it accepts connections.
    pub async fn restart(&mut self) -> Result<(), PostgresError> {
        self.stop().await?;
        self.spawn()?;
        self.ready().await
    }

    /// Fast shutdown: closes connections and writes a checkpoint. No effect if it is not running.
    pub async fn stop(&mut self) -> Result<(), PostgresError> {
        let signals = [
            (Signal::SIGINT, STOPPED_WITHIN),
            (Signal::SIGQUIT, QUIT_WITHIN),
        ];
        if let Some(child) = &mut self.child {
            child.end(&signals).await?;
        }
        // Not earlier: if this wait is cancelled, the child can still be killed.
        self.child = None;
        Ok(())
    }

    /// Kills all of its processes, as a power failure would; the next start recovers from the WAL.
    pub async fn kill(&mut self) -> Result<(), PostgresError> {
        if let Some(mut child) = self.child.take() {
            // The postmaster is killed first, so that it starts no new backends. The backends would exit by
            // themselves, but only after their current statement.
            let backends = child.identity().children();
            child.end(&[]).await?;
            for backend in backends {
                backend.signal(Signal::SIGKILL);
                backend.ended(KILLED_WITHIN).await;
            }
        }
        Ok(())
    }

    /// Waits until it exits, expected or not. Cancel safe.
    pub async fn wait(&mut self) -> Result<ExitStatus, PostgresError> {
        let child = self.child.as_mut().ok_or(PostgresError::NotRunning)?;
        Ok(child.wait().await?)
    }

    /// The address of one of its databases; `postgres` always exists.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://{USER}:{}@127.0.0.1:{}/{database}",
            self.password, self.config.port
        )
    }

    /// On 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.config.port
    }

    pub fn log(&self) -> &Path {
        &self.config.log
    }

    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// The actual directory, if it differs from the requested one because the server's account can't enter
    /// that.
    pub fn elsewhere(&self) -> Option<&Path> {
        self.home.elsewhere.then_some(&*self.home.directory)
    }

    pub fn account(&self) -> &OsUser {
        &self.home.account
    }

    /// `None` while it is not running.
    pub fn identity(&self) -> Option<ProcessIdentity> {
        self.child.as_ref().map(Child::identity)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A running server is stopped by its watchdog, which also removes the directory.
        if let (None, Lifetime::Temporary { directory }) = (&self.child, &self.config.lifetime) {
            let _ = std::fs::remove_dir_all(directory);
        }
    }
}

/// The address of a database of the server in this directory on this port, whoever started it.
pub async fn url(directory: &Path, port: u16, database: &str) -> Result<String, PostgresError> {
    let password = DataDirectory::open(directory).await?.password()?;
    Ok(format!(
        "postgres://{USER}:{password}@127.0.0.1:{port}/{database}"
    ))
}

/// Deletes a server's directory with all its data. The server must not run.
pub async fn remove(directory: &Path) -> Result<(), PostgresError> {
    data_directory::remove(directory).await
}
