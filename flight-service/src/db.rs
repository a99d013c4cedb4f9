//! The tables of the schedule, one file each; SQL only here. The inventory's tables are the inventory
//! crate's.

pub mod adjustment_answers;
pub mod airports;
pub mod flights;
pub mod imports;
pub mod pools;
pub mod schedule_version;

mod embedded {
    refinery::embed_migrations!("../migrations/flights");
}

use service_core::database::ConnectError;
use service_core::migrations::MigrationSet;

/// The migrations of the flights database, in order.
#[must_use]
pub fn migrations() -> Vec<MigrationSet> {
    vec![
        inventory::migrations(),
        MigrationSet {
            history_table: "flights_migrations",
            runner: embedded::migrations::runner(),
        },
        service_core::audit_log::migrations(),
        service_core::idempotency::answers::migrations(),
    ]
}

/// Why rows could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// No connection could be had.
    #[error("the database can't be reached")]
    Pool(#[from] deadpool_postgres::PoolError),
    /// The database failed or refused.
    #[error("the database refused")]
    Query(#[from] tokio_postgres::Error),
    /// A connection beside the pool could not be opened.
    #[error("the database can't be reached")]
    Connect(#[from] ConnectError),
    /// The connection was closed.
    #[error("the database closed the connection")]
    ConnectionEnded,
    /// A stored value is not one that this service writes.
    #[error("{0} has a value that can't be read")]
    Unreadable(&'static str),
}

impl DbError {
    /// The constraint that refused, if one did.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Query(error) => error.as_db_error()?.constraint(),
            _ => None,
        }
    }
}
