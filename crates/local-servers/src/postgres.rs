//! A private PostgreSQL server with its own data directory and port.
//!
//! It listens on 127.0.0.1 only, with a password that no one else knows, and is never the machine's
//! own server. The services' databases are made by [`database`], their tables by the
//! services.

mod data_directory;
mod error;
mod installation;
mod settings;

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::error::SqlState;

use crate::child::{Child, Launch, Lifetime, arguments};
use crate::os_user::Account;
use crate::process::{KILLED_WITHIN, ProcessIdentity};
use crate::{database, logs, ports};
use data_directory::Home;

pub use error::PostgresError;
pub use installation::{Installation, OLDEST_MAJOR};
pub use settings::Durability;

/// The server's superuser, whom the services and tests use.
pub const USER: &str = "holdfast";

/// Starting takes a second; recovery after a crash under load takes longer.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// One try to connect.
const CONNECTED_WITHIN: Duration = Duration::from_secs(2);
/// A fast shutdown writes a checkpoint: at most all of `shared_buffers`.
const STOPPED_WITHIN: Duration = Duration::from_secs(30);
/// An immediate shutdown writes nothing.
const QUIT_WITHIN: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(30);
/// A temporary server is given another port if its own was taken meanwhile.
const PORT_TRIES: usize = 3;
const QUOTED_LINES: usize = 15;

/// Variables that would change what a server does.
const HIDDEN_ENVIRONMENT: [&str; 4] = ["PGDATA", "PGPORT", "PGOPTIONS", "PGTZ"];

/// What a server is started with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its own directory, made if missing; its parent must exist.
    pub directory: PathBuf,
    /// The port on 127.0.0.1.
    pub port: u16,
    /// Where its log is appended.
    pub log: PathBuf,
    /// What a commit is worth.
    pub durability: Durability,
    /// What becomes of it without its parent.
    pub lifetime: Lifetime,
}

/// A private PostgreSQL server: running, or stopped and ready to be started again on the same port
/// and data.
#[derive(Debug)]
pub struct Server {
    config: Config,
    installation: Installation,
    home: Home,
    password: String,
    child: Option<Child>,
}

impl Server {
    /// Finds the programs, makes the directory and an empty database cluster where there is none, and
    /// starts nothing yet.
    pub async fn prepare(config: Config) -> Result<Self, PostgresError> {
        let home = Home::open(&config.directory).await?;
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

    /// Starts a server and waits until it takes connections.
    pub async fn start(config: Config) -> Result<Self, PostgresError> {
        let mut server = Self::prepare(config).await?;
        server.restart().await?;
        Ok(server)
    }

    /// Starts a server on a free port that ends with this process, even a killed one, and whose data
    /// goes with it.
    pub async fn temporary(durability: Durability) -> Result<Self, PostgresError> {
        let account = Account::for_servers()?;
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

    /// Starts the process and does not wait for it to take connections: see [`Server::ready`].
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

    /// Waits, with a bound, until it takes connections.
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

    /// Starts it again on the same port and data and waits until it takes connections. Stops it first
    /// if it runs.
    pub async fn restart(&mut self) -> Result<(), PostgresError> {
        self.stop().await?;
        self.spawn()?;
        self.ready().await
    }

    /// Stops it in order: connections are cut, what was committed is written out. Does nothing if it
    /// does not run.
    pub async fn stop(&mut self) -> Result<(), PostgresError> {
        let signals = [
            (Signal::SIGINT, STOPPED_WITHIN),
            (Signal::SIGQUIT, QUIT_WITHIN),
        ];
        if let Some(child) = &mut self.child {
            child.end(&signals).await?;
        }
        // Not before: a wait that is given up leaves a child that can be killed.
        self.child = None;
        Ok(())
    }

    /// Kills it with all its processes, as a power cut would; the next start recovers from the log.
    pub async fn kill(&mut self) -> Result<(), PostgresError> {
        if let Some(mut child) = self.child.take() {
            // The first process is killed first, so that it starts no new ones; the others would end
            // by themselves, but not before their current statement.
            let backends = child.identity().children();
            child.end(&[]).await?;
            for backend in backends {
                backend.signal(Signal::SIGKILL);
                backend.ended(KILLED_WITHIN).await;
            }
        }
        Ok(())
    }

    /// Waits for its end, expected or not. May be dropped and called again.
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

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.config.port
    }

    /// Its log.
    pub fn log(&self) -> &Path {
        &self.config.log
    }

    /// The programs it runs.
    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// Its directory, if the one that was asked for could not be used because the server's account
    /// can't enter it.
    pub fn elsewhere(&self) -> Option<&Path> {
        self.home.elsewhere.then_some(&*self.home.directory)
    }

    /// The user that it runs as.
    pub fn account(&self) -> &Account {
        &self.home.account
    }

    /// Its process, while it runs.
    pub fn identity(&self) -> Option<ProcessIdentity> {
        self.child.as_ref().map(Child::identity)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A running one is stopped, and its directory removed, by the watchdog.
        if let (None, Lifetime::Temporary { directory }) = (&self.child, &self.config.lifetime) {
            let _ = std::fs::remove_dir_all(directory);
        }
    }
}

/// The address of a database of a server that was made in this directory and listens on this port,
/// whoever started it.
pub async fn url(directory: &Path, port: u16, database: &str) -> Result<String, PostgresError> {
    let password = Home::open(directory).await?.password()?;
    Ok(format!(
        "postgres://{USER}:{password}@127.0.0.1:{port}/{database}"
    ))
}

/// Removes a server's directory with all its data. The server must not run.
pub async fn remove(directory: &Path) -> Result<(), PostgresError> {
    data_directory::remove(directory).await
}
