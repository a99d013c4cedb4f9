//! Errors of a private PostgreSQL server.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use crate::child::LaunchError;
use crate::os_user::AccountError;

#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// No usable PostgreSQL on this machine.
    #[error("PostgreSQL {needed} is needed, {found}: install it (`scripts/install-servers`)")]
    NotInstalled {
        needed: String,
        /// The versions that were found.
        found: String,
    },
    #[error(transparent)]
    OsUser(#[from] AccountError),
    #[error("initdb failed ({status}): {output}")]
    Initdb {
        status: ExitStatus,
        /// Its output.
        output: String,
    },
    /// The data exists, but its password is lost.
    #[error(
        "{} is gone, and the data beside it can't be opened without it: `make db-reset` makes new data",
        path.display()
    )]
    PasswordLost { path: PathBuf },
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// It exited during start-up.
    #[error("PostgreSQL ended on port {port} ({status}); its last log lines:\n{log}")]
    Ended {
        port: u16,
        status: ExitStatus,
        log: String,
    },
    /// It runs, but accepted no connection in time.
    #[error(
        "PostgreSQL took no connection on port {port} within {within_s} s ({reason}); its last log lines:\n{log}"
    )]
    Silent {
        port: u16,
        within_s: u64,
        /// The last attempt's error.
        reason: String,
        log: String,
    },
    /// The server does not know the password stored with its data.
    #[error("PostgreSQL on port {port} refuses its own password: another server may have the port")]
    WrongPassword { port: u16 },
    /// The call needs a running server.
    #[error("PostgreSQL is not running")]
    NotRunning,
    #[error("PostgreSQL can't be run")]
    Io(#[from] io::Error),
}
