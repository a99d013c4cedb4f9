//! A private Redis server.
//!
//! Without persistence: the contents of Redis may vanish at any moment, and the services are built for that.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::child::{Child, Launch, LaunchError, Lifetime, arguments};
use crate::os_user::{AccountError, OsUser};
use crate::process::ProcessIdentity;
use crate::{logs, ports};

/// An empty Redis starts in milliseconds; the rest is for a loaded machine.
const READY_WITHIN: Duration = Duration::from_secs(20);
/// Without a snapshot to write it stops at once.
const STOPPED_WITHIN: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(20);
/// Attempts with another port, in case the free one was taken meanwhile.
const PORT_TRIES: usize = 3;
const QUOTED_LINES: usize = 15;

/// Command-line options besides the port.
const SETTINGS: [(&str, &str); 8] = [
    // Reachable from this machine only.
    ("--bind", "127.0.0.1"),
    // No persistence: a gate, a cache and a notifier, never the source of truth.
    ("--save", ""),
    ("--appendonly", "no"),
    // Far above what one machine's gates and cached searches need.
    ("--maxmemory", "256mb"),
    // Any key may be evicted, least recently used first, because each can be rebuilt from PostgreSQL. A policy
    // that spares keys without an expiry would refuse writes once full.
    ("--maxmemory-policy", "allkeys-lru"),
    // Stays a child of this process.
    ("--daemonize", "no"),
    // Standard output, which is the log file.
    ("--logfile", ""),
    // Nothing is written there.
    ("--dir", "/"),
];

#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    #[error(
        "redis-server was not found on the PATH or in /usr/bin and /usr/local/bin: install it (`scripts/install-servers`)"
    )]
    NotInstalled,
    #[error(transparent)]
    OsUser(#[from] AccountError),
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// It exited during start-up.
    #[error("Redis ended on port {port} ({status}); its last log lines:\n{log}")]
    Ended {
        port: u16,
        status: ExitStatus,
        log: String,
    },
    /// It runs, but did not answer in time.
    #[error("Redis did not answer on port {port} within {} s; its last log lines:\n{log}", READY_WITHIN.as_secs())]
    Silent { port: u16, log: String },
    /// The call needs a running server.
    #[error("Redis is not running")]
    NotRunning,
    #[error("Redis can't be run")]
    Io(#[from] io::Error),
}

#[derive(Clone, Debug)]
pub struct Config {
    /// On 127.0.0.1.
    pub port: u16,
    /// The log is appended to.
    pub log: PathBuf,
    /// What happens to it when its parent dies.
    pub lifetime: Lifetime,
}

/// A private Redis server, running, or stopped and ready to restart on the same port.
#[derive(Debug)]
pub struct Server {
    config: Config,
    program: PathBuf,
    account: OsUser,
    child: Option<Child>,
}

impl Server {
    /// Finds the program and the account; starts nothing.
    pub fn prepare(config: Config) -> Result<Self, RedisError> {
        Ok(Self {
            config,
            program: find_program()?,
            account: OsUser::for_servers()?,
            child: None,
        })
    }

    /// Starts a server and waits until it answers.
    pub async fn start(config: Config) -> Result<Self, RedisError> {
        let mut server = Self::prepare(config)?;
        server.restart().await?;
        Ok(server)
    }

    /// Starts a server on a free port. It ends with this process, even if that is killed.
    pub async fn temporary() -> Result<Self, RedisError> {
        let account = OsUser::for_servers()?;
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

    /// Starts the process without waiting: see [`Server::ready`].
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

    /// Waits until it answers, with a limit.
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

    /// Restarts it on the same port, empty, and waits until it answers.
    pub async fn restart(&mut self) -> Result<(), RedisError> {
        self.stop().await?;
        self.spawn()?;
        self.ready().await
    }

    /// Stops it gracefully; no effect if it is not running.
    pub async fn stop(&mut self) -> Result<(), RedisError> {
        if let Some(child) = &mut self.child {
            child.end(&[(Signal::SIGTERM, STOPPED_WITHIN)]).await?;
        }
        // Not earlier: if this wait is cancelled, the child can still be killed.
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

    /// Waits until it exits, expected or not. Cancel safe.
    pub async fn wait(&mut self) -> Result<ExitStatus, RedisError> {
        let child = self.child.as_mut().ok_or(RedisError::NotRunning)?;
        Ok(child.wait().await?)
    }

    /// Deletes all keys.
    ///
    /// # Errors
    /// When it does not answer, or refuses.
    pub async fn flush(&self) -> io::Result<()> {
        match &ask::<5>("127.0.0.1", self.port(), b"FLUSHALL\r\n").await? {
            b"+OK\r\n" => Ok(()),
            _ => Err(io::Error::other("redis was not flushed")),
        }
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.config.port)
    }

    /// On 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.config.port
    }

    pub fn log(&self) -> &Path {
        &self.config.log
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

/// Whether a Redis server answers there. One that requires a password counts.
pub async fn answers(host: &str, port: u16) -> bool {
    matches!(
        ask::<7>(host, port, b"PING\r\n").await,
        Ok(answer) if &answer == b"+PONG\r\n" || &answer == b"-NOAUTH"
    )
}

/// Sends one command and returns the first bytes of the answer.
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
