//! Errors of the archive.

use jiff::civil::Date;

/// Why nothing, or nothing more, was moved.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Partitions are whole months.
    #[error("{0} is not the first of a month")]
    NotFirstOfMonth(Date),
    /// Keys of requests, refunds and late changes need what is younger.
    #[error("{date} is too recent: the latest is {latest}")]
    TooRecent {
        /// The date given.
        date: Date,
        /// The latest that would do.
        latest: Date,
    },
    /// The address of a database can't be read.
    #[error("the address of the {0} database is malformed")]
    Address(&'static str, #[source] tokio_postgres::Error),
    /// No connection.
    #[error("the {0} database can't be reached")]
    Unreachable(&'static str, #[source] tokio_postgres::Error),
    /// A statement failed.
    #[error("the {0} database refused a statement")]
    Database(&'static str, #[source] tokio_postgres::Error),
    /// The ledger has contradictions, or its checkpoints are behind.
    #[error("the {0} ledger is not proved up to {1}: see its proof, and try again later")]
    Unproved(&'static str, Date),
    /// Readers held the ledger for long.
    #[error("the {0} ledger is in use: a month can't be detached now")]
    InUse(&'static str),
}
