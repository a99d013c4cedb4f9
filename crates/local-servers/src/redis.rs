//! A private Redis server.
//!
//! It keeps nothing on disk: whatever is in Redis may vanish at any moment, and the services are made
//! for that.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::child::{Child, Launch, LaunchError, Lifetime, arguments};
use crate::os_user::{Account, AccountError};
use crate::process::ProcessIdentity;
use crate::{logs, ports};

/// An empty Redis starts in milliseconds; a loaded machine gets much more.
const READY_WITHIN: Duration = Duration::from_secs(20);
/// Without a snapshot to write it ends at once.
const STOPPED_WITHIN: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(20);
/// A temporary server is given another port if its own was taken meanwhile.
const PORT_TRIES: usize = 3;
const QUOTED_LINES: usize = 15;

/// What a Redis server is started with, besides its port. Each with its reason.
const SETTINGS: [(&str, &str); 8] = [
    // Reached from this machine only.
    ("--bind", "127.0.0.1"),
    // No snapshots and no append-only file: it is a gate, a cache and a notifier, never the truth.
    ("--save", ""),
    ("--appendonly", "no"),
    // Bounded: far above what the gates and cached searches of one machine take.
    ("--maxmemory", "256mb"),
    // Any key may be dropped, least recently used first, because each can be had again from
    // PostgreSQL. A policy that spares keys without an expiry would refuse writes once full.
    ("--maxmemory-policy", "allkeys-lru"),
    // Stays a child of whoever started it.
    ("--daemonize", "no"),
    // Standard output, which is the log file.
    ("--logfile", ""),
    // Nothing is written there.
    ("--dir", "/"),
];

/// Why a Redis server does not run.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    /// There is no `redis-server` on this machine.
    #[error(
        "redis-server was not found on the PATH or in /usr/bin and /usr/local/bin: install it (`scripts/install-servers`)"
    )]
    NotInstalled,
    /// No account to run it as.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// It could not be started.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// It ended while it was waited for.
    #[error("Redis ended on port {port} ({status}); its last log lines:\n{log}")]
    Ended {
        /// The port it was to listen on.
        port: u16,
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its log.
        log: String,
    },
    /// It runs, but did not answer in time.
    #[error("Redis did not answer on port {port} within {} s; its last log lines:\n{log}", READY_WITHIN.as_secs())]
    Silent {
        /// The port it was to listen on.
        port: u16,
        /// The last lines of its log.
        log: String,
    },
    /// It was asked for while it is not running.
    #[error("Redis is not running")]
    NotRunning,
    /// The system refused something on the way.
    #[error("Redis can't be run")]
    Io(#[from] io::Error),
}

/// What a Redis server is started with.
#[derive(Clone, Debug)]
pub struct Config {
    /// The port on 127.0.0.1.
    pub port: u16,
    /// Where its log is appended.
    pub log: PathBuf,
    /// What becomes of it without its parent.
    pub lifetime: Lifetime,
}

/// A private Redis server: running, or stopped and ready to be started again on the same port.
#[derive(Debug)]
pub struct Server {
    config: Config,
    program: PathBuf,
    account: Account,
    child: Option<Child>,
}

impl Server {
    /// Finds the program and the account, and starts nothing yet.
    pub fn prepare(config: Config) -> Result<Self, RedisError> {
        Ok(Self {
            config,
            program: find_program()?,
            account: Account::for_servers()?,
            child: None,
        })
    }

    /// Starts a server and waits until it answers.
    pub async fn start(config: Config) -> Result<Self, RedisError> {
        let mut server = Self::prepare(config)?;
        server.restart().await?;
        Ok(server)
    }

    /// Starts a server on a free port that ends with this process, even a killed one.
    pub async fn temporary() -> Result<Self, RedisError> {
        let account = Account::for_servers()?;
        let mut tries = 0;
        loop {
            tries += 1;
            let directory = account.scratch_directory("redis").await?;
            let config = Config {
                port: ports::free_port()?,
                log: directory.join("redis.log"),
                lifetime: Lifetime::Temporary { directory },
            };
            match Self::start(config).await {
                Err(RedisError::Ended { .. }) if tries < PORT_TRIES => {}
                outcome => return outcome,
            }
        }
    }

    /// Starts the process and does not wait for it to answer: see [`Server::ready`].
    pub fn spawn(&mut self) -> Result<(), RedisError> {
        let port = self.config.port.to_string();
        let mut line = vec!["--port", port.as_str()];
        for (name, value) in SETTINGS {
            line.extend([name, value]);
        }
        let launch = Launch {
            program: &self.program,
            arguments: arguments(line),
            environment: Vec::new(),
            hidden_environment: &[],
            account: Some(&self.account),
            working_directory: Path::new("/"),
            log: &self.config.log,
            last_signal: Signal::SIGTERM,
            lifetime: &self.config.lifetime,
        };
        self.child = Some(launch.start()?);
        Ok(())
    }

    /// Waits, with a bound, until it answers.
    pub async fn ready(&mut self) -> Result<(), RedisError> {
        let child = self.child.as_mut().ok_or(RedisError::NotRunning)?;
        let port = self.config.port;
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            if let Some(status) = child.ended()? {
                let log = logs::last_lines(&self.config.log, QUOTED_LINES);
                return Err(RedisError::Ended { port, status, log });
            }
            if answers("127.0.0.1", port).await {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let log = logs::last_lines(&self.config.log, QUOTED_LINES);
                return Err(RedisError::Silent { port, log });
            }
            sleep(POLL).await;
        }
    }

    /// Starts it again on the same port, empty, and waits until it answers. Stops it first if it runs.
    pub async fn restart(&mut self) -> Result<(), RedisError> {
        self.stop().await?;
        self.spawn()?;
        self.ready().await
    }

    /// Stops it in order; does nothing if it does not run.
    pub async fn stop(&mut self) -> Result<(), RedisError> {
        if let Some(child) = &mut self.child {
            child.end(&[(Signal::SIGTERM, STOPPED_WITHIN)]).await?;
        }
        // Not before: a wait that is given up leaves a child that can be killed.
        self.child = None;
        Ok(())
    }

    /// Kills it as a crash would.
    pub async fn kill(&mut self) -> Result<(), RedisError> {
        if let Some(mut child) = self.child.take() {
            child.end(&[]).await?;
        }
        Ok(())
    }

    /// Waits for its end, expected or not. May be dropped and called again.
    pub async fn wait(&mut self) -> Result<ExitStatus, RedisError> {
        let child = self.child.as_mut().ok_or(RedisError::NotRunning)?;
        Ok(child.wait().await?)
    }

    /// Has it forget everything.
    ///
    /// # Errors
    /// When it does not answer, or refuses.
    pub async fn flush(&self) -> io::Result<()> {
        match &ask::<5>("127.0.0.1", self.port(), b"FLUSHALL\r\n").await? {
            b"+OK\r\n" => Ok(()),
            _ => Err(io::Error::other("redis was not flushed")),
        }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.config.port)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.config.port
    }

    /// Its log.
    pub fn log(&self) -> &Path {
        &self.config.log
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

/// A Redis server answers there. One that wants a password first does answer.
pub async fn answers(host: &str, port: u16) -> bool {
    matches!(
        ask::<7>(host, port, b"PING\r\n").await,
        Ok(answer) if &answer == b"+PONG\r\n" || &answer == b"-NOAUTH"
    )
}

/// The first bytes of the answer to one command.
async fn ask<const N: usize>(host: &str, port: u16, command: &[u8]) -> io::Result<[u8; N]> {
    const ANSWERED_WITHIN: Duration = Duration::from_secs(2);
    let asking = async {
        let mut stream = TcpStream::connect((host, port)).await?;
        stream.write_all(command).await?;
        let mut answer = [0; N];
        stream.read_exact(&mut answer).await?;
        Ok(answer)
    };
    timeout(ANSWERED_WITHIN, asking).await?
}

fn find_program() -> Result<PathBuf, RedisError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/bin", "/usr/local/bin"].map(PathBuf::from))
        .map(|directory| directory.join("redis-server"))
        .find(|program| program.is_file())
        .ok_or(RedisError::NotInstalled)
}
