//! Why a PostgreSQL server does not run.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use crate::child::LaunchError;
use crate::os_user::AccountError;

/// Why a PostgreSQL server does not run.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// No usable PostgreSQL on this machine.
    #[error("PostgreSQL {needed} is needed, {found}: install it (`scripts/install-servers`)")]
    NotInstalled {
        /// Which version.
        needed: String,
        /// Which versions there are.
        found: String,
    },
    /// No account or directory to run it with.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The database cluster could not be made.
    #[error("initdb failed ({status}): {output}")]
    Initdb {
        /// How it ended.
        status: ExitStatus,
        /// What it printed.
        output: String,
    },
    /// There is data, but not its password.
    #[error(
        "{} is gone, and the data beside it can't be opened without it: `make db-reset` makes new data",
        path.display()
    )]
    PasswordLost {
        /// Where the password should be.
        path: PathBuf,
    },
    /// It could not be started.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// It ended while it was waited for.
    #[error("PostgreSQL ended on port {port} ({status}); its last log lines:\n{log}")]
    Ended {
        /// The port it was to listen on.
        port: u16,
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its log.
        log: String,
    },
    /// It runs, but took no connection in time.
    #[error(
        "PostgreSQL took no connection on port {port} within {within_s} s ({reason}); its last log lines:\n{log}"
    )]
    Silent {
        /// The port it was to listen on.
        port: u16,
        /// How long it was waited for.
        within_s: u64,
        /// What the last try ended with.
        reason: String,
        /// The last lines of its log.
        log: String,
    },
    /// The server does not know the password that was made with its data.
    #[error("PostgreSQL on port {port} refuses its own password: another server may have the port")]
    WrongPassword {
        /// The port.
        port: u16,
    },
    /// It was asked for while it is not running.
    #[error("PostgreSQL is not running")]
    NotRunning,
    /// The system refused something on the way.
    #[error("PostgreSQL can't be run")]
    Io(#[from] io::Error),
}
