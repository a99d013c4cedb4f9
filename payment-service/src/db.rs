//! The payments database: one file per table, and SQL nowhere else.
//!
//! Functions take a connection or a transaction, and decide nothing.

pub mod charges;
pub mod refunds;

mod embedded {
    refinery::embed_migrations!("../migrations/payments");
}

use deadpool_postgres::PoolError;
use service_core::group_commit::ItemFault;
use service_core::migrations::MigrationSet;

/// Why a database call failed.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// No connection, or it fell silent: the outcome of what was sent is unknown.
    #[error("no answering connection to the database")]
    Connection(#[from] PoolError),
    /// A statement failed, or its outcome is unknown.
    #[error("a statement failed")]
    Statement(#[from] tokio_postgres::Error),
    /// A row holds a value that the schema forbids.
    #[error("column {0} has a value that the schema forbids")]
    Unreadable(&'static str),
}

impl DbError {
    /// Name of the constraint that refused a write, if one did.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Statement(error) => error.as_db_error()?.constraint(),
            _ => None,
        }
    }
}

impl ItemFault for DbError {
    fn is_item_fault(&self) -> bool {
        match self {
            Self::Statement(error) => error.is_item_fault(),
            // Neither blames the data: no statement was refused, or the row was already written.
            Self::Connection(_) | Self::Unreadable(_) => false,
        }
    }
}

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
