//! Errors that prevent a report.

use inventory::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    #[error("the address of the {0} database is malformed")]
    Address(&'static str, #[source] tokio_postgres::Error),
    #[error("the {0} database can't be reached")]
    Unreachable(&'static str, #[source] tokio_postgres::Error),
    /// A query failed or timed out.
    #[error("the {0} database can't be read")]
    Database(&'static str, #[source] tokio_postgres::Error),
    /// The ledger proof failed to run.
    #[error("the ledger can't be read")]
    Ledger(#[from] StoreError),
}
