//! Why an item was not written.

use std::sync::Arc;

/// Tells an item's fault from everybody's misfortune.
pub trait IsData {
    /// Whether the write failed on the data of some item, and wrote nothing: the others may succeed
    /// without it. Otherwise, such as after a lost connection, all of them fail.
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
    /// Too many items wait, or this one has waited too long: it was not written.
    #[error("too many writes are waiting")]
    Busy,
    /// The batcher was stopped before: the item was not written.
    #[error("writing has stopped")]
    Stopped,
    /// The write failed. Whether it wrote the item depends on the error: one that
    /// [is data](IsData::is_data) did not.
    #[error("the write failed")]
    Failed(#[source] Arc<E>),
    /// The write ended without an answer for each item: the item may be written or not. A bug.
    #[error("the write broke off")]
    Broken,
    /// Writing the item panicked: it may be written or not. A bug.
    #[error("the write panicked")]
    Panicked,
}

impl<E: IsData> BatchError<E> {
    /// Whether one item is at fault, without which the others may be written.
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
