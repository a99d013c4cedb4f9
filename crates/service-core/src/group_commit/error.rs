//! Why an item was not written.

use std::sync::Arc;

/// Tells an error of one item from an error of the whole batch.
pub trait IsData {
    /// Whether the data of some item made the write fail, and nothing was written: the other items may succeed
    /// without it. Otherwise, such as after a lost connection, the whole batch fails.
    fn is_data(&self) -> bool;
}

impl IsData for tokio_postgres::Error {
    fn is_data(&self) -> bool {
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
    /// The write failed. An error that [is data](IsData::is_data) wrote nothing; after any other the outcome is
    /// unknown.
    #[error("the write failed")]
    Failed(#[source] Arc<E>),
    /// A bug: the write returned the wrong number of answers. The outcome is unknown.
    #[error("the batch write returned the wrong number of results")]
    Broken,
    /// A bug: the write panicked. The outcome is unknown.
    #[error("the write panicked")]
    Panicked,
}

impl<E: IsData> BatchError<E> {
    /// Whether the batch should be bisected.
    pub(super) fn is_of_one_item(&self) -> bool {
        match self {
            Self::Failed(error) => error.is_data(),
            Self::Panicked => true,
            Self::Busy | Self::Stopped | Self::Broken => false,
        }
    }
}

impl<E> Clone for BatchError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Busy => Self::Busy,
            Self::Stopped => Self::Stopped,
            Self::Failed(error) => Self::Failed(Arc::clone(error)),
            Self::Broken => Self::Broken,
            Self::Panicked => Self::Panicked,
        }
    }
}
