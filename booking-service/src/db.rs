//! The tables of bookings, one file each; SQL only here.

pub mod bookings;

mod embedded {
    refinery::embed_migrations!("../migrations/bookings");
}

use service_kit::database::MigrationSet;

/// The migrations of the bookings database.
#[must_use]
pub fn migrations() -> Vec<MigrationSet> {
    vec![MigrationSet {
        history_table: "bookings_migrations",
        runner: embedded::migrations::runner(),
    }]
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
    /// A stored value is not one that this service writes.
    #[error("{0} has a value that can't be read")]
    Unreadable(&'static str),
}
