//! Why an item was not written.

use std::sync::Arc;

/// Tells an error of one item from an error of the whole batch.
pub trait ItemFault {
    /// Whether the data of some item made the write fail, and nothing was written: the other items may succeed
    /// without it. Otherwise, such as after a lost connection, the whole batch fails.
    fn is_item_fault(&self) -> bool;
}

impl ItemFault for tokio_postgres::Error {
    fn is_item_fault(&self) -> bool {
        !crate::database::is_transient(self)
    }
}

/// Why an item has no answer.
#[derive(Debug, thiserror::Error)]
pub enum BatchError<E> {
    /// The queue is full, or the item waited too long. It was not written.
    #[error("too many writes are waiting")]
    Busy,
    /// The writer was stopped. The item was not written.
    #[error("writing has stopped")]
    Stopped,
    /// The write failed. An error that [is data](ItemFault::is_item_fault) wrote nothing; after any other the outcome is
    /// unknown.
    #[error("the write failed")]
    Failed(#[source] Arc<E>),
    /// A bug: the write returned the wrong number of answers. The outcome is unknown.
    #[error("the batch write returned the wrong number of results")]
    WrongResultCount,
    /// A bug: the write panicked. The outcome is unknown.
    #[error("the write panicked")]
    Panicked,
}

impl<E: ItemFault> BatchError<E> {
    /// Whether the batch should be bisected.
    pub(super) fn should_bisect(&self) -> bool {
        match self {
            Self::Failed(error) => error.is_item_fault(),
            Self::Panicked => true,
            Self::Busy | Self::Stopped | Self::WrongResultCount => false,
        }
    }
}

impl<E> Clone for BatchError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Busy => Self::Busy,
            Self::Stopped => Self::Stopped,
            Self::Failed(error) => Self::Failed(Arc::clone(error)),
            Self::WrongResultCount => Self::WrongResultCount,
            Self::Panicked => Self::Panicked,
        }
    }
}
