//! Why rows could not be read or written.

use std::sync::Arc;

use crate::refusal::Refusal;

/// A failed connection or statement, or an unreadable value.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The connection failed, or the statement was refused.
    #[error("a statement failed")]
    Database(#[from] tokio_postgres::Error),
    /// No connection could be had.
    #[error("the database can't be reached")]
    Pool(#[from] deadpool_postgres::PoolError),
    /// A stored value that this version never writes.
    #[error("{0} has an unknown value")]
    Unreadable(&'static str),
    /// The shared attempt that this caller waited for failed (single flight).
    #[error(transparent)]
    Shared(Arc<StoreError>),
}

/// Why pools could not be created.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// A pool is invalid or exists already.
    #[error("the pool can't be created")]
    Refused(#[from] Refusal),
    /// The pools can't be stored.
    #[error("the pools can't be stored")]
    Store(#[from] StoreError),
}
