//! The errors of this service's decisions.

use std::sync::Arc;

use domain::Money;
use service_core::group_commit::BatchError;

use crate::db::DbError;

/// Why a request was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    /// The key is bound to another request.
    #[error("the key was used with another request")]
    KeyReused,
    /// Another request holds the key's lease.
    #[error("a request with this key is still running")]
    InProgress,
    /// The key has a tombstone.
    #[error("the key is closed")]
    KeyClosed,
    /// All permits of `charges.max_running` are taken (load shedding).
    #[error("too many charges are running")]
    TooBusy,
    /// The provider gave no answer; the charge stays `processing`.
    #[error("outcome unknown")]
    OutcomeUnknown,
    #[error("there is no such charge")]
    UnknownCharge,
    /// The field's name, and what is wrong with its value.
    #[error("{0} {1}")]
    Invalid(&'static str, String),
    /// The charge was declined, timed out, or is still running.
    #[error("the charge has taken no money")]
    NotCaptured,
    /// The refund exceeds the charge less its earlier refunds.
    #[error("the refund exceeds what is left of the charge")]
    RefundExceedsCharge {
        /// The refundable rest.
        left: Money,
    },
    /// The database failed, or its answer could not be read.
    #[error("the database failed")]
    Database(#[source] Arc<DbError>),
}

impl From<Arc<DbError>> for PaymentError {
    /// Maps constraint names to refusals.
    fn from(error: Arc<DbError>) -> Self {
        match error.constraint() {
            Some("refunds_idempotency_key") => Self::KeyReused,
            _ => Self::Database(error),
        }
    }
}

impl From<DbError> for PaymentError {
    fn from(error: DbError) -> Self {
        Arc::new(error).into()
    }
}

impl From<tokio_postgres::Error> for PaymentError {
    fn from(error: tokio_postgres::Error) -> Self {
        DbError::from(error).into()
    }
}

impl From<BatchError<DbError>> for PaymentError {
    fn from(error: BatchError<DbError>) -> Self {
        match error {
            BatchError::Busy | BatchError::Stopped => Self::TooBusy,
            BatchError::Failed(error) => Self::from(error),
            BatchError::WrongResultCount | BatchError::Panicked => Self::OutcomeUnknown,
        }
    }
}
