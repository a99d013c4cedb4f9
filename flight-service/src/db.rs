//! The schedule's tables, one file each; SQL only here. The inventory's tables are in crate `inventory`.

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

/// Why a database call failed.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// No connection from the pool.
    #[error("the database can't be reached")]
    Pool(#[from] deadpool_postgres::PoolError),
    #[error("the database refused")]
    Query(#[from] tokio_postgres::Error),
    /// The `LISTEN` connection could not be opened.
    #[error("the database can't be reached")]
    Connect(#[from] ConnectError),
    /// The `LISTEN` connection was closed.
    #[error("the database closed the connection")]
    ConnectionEnded,
    /// A row holds a value that this service never writes.
    #[error("{0} has a value that can't be read")]
    Unreadable(&'static str),
}

impl DbError {
    /// Name of the constraint that refused a write, if one did.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Query(error) => error.as_db_error()?.constraint(),
            _ => None,
        }
    }
}
