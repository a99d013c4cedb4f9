//! The payments database: one file per table, and SQL nowhere else.
//!
//! Functions take whatever runs statements, a connection or a transaction, and decide nothing.

pub mod charges;
pub mod refunds;

mod embedded {
    refinery::embed_migrations!("../migrations/payments");
}

use deadpool_postgres::PoolError;
use service_core::group_commit::IsData;
use service_core::migrations::MigrationSet;

/// Why the database gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// No connection was to be had, or it fell silent: what was asked of it may be done or not.
    #[error("there is no connection to the database that answers")]
    Connection(#[from] PoolError),
    /// A statement failed, or its outcome is not known.
    #[error("a statement failed")]
    Statement(#[from] tokio_postgres::Error),
    /// A row has what the schema does not allow.
    #[error("column {0} has a value that the schema does not allow")]
    Unreadable(&'static str),
}

impl DbError {
    /// The name of the constraint that refused a write, if that is what happened.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Statement(error) => error.as_db_error()?.constraint(),
            _ => None,
        }
    }
}

impl IsData for DbError {
    fn is_data(&self) -> bool {
        match self {
            Self::Statement(error) => error.is_data(),
            // Nothing was said about the data; what can't be read was written.
            Self::Connection(_) | Self::Unreadable(_) => false,
        }
    }
}

/// The migrations of the payments database, in order.
#[must_use]
pub fn migrations() -> Vec<MigrationSet> {
    vec![
        MigrationSet {
            history_table: "payments_migrations",
            runner: embedded::migrations::runner(),
        },
        service_core::audit_log::migrations(),
    ]
}
