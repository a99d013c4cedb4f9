//! Requests that act once: their key, and an answer that may be an earlier one's.

use super::AppError;

/// What makes a request come about once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// The client's key with its route.
    pub key: String,
    /// Of the body that it came with.
    pub digest: [u8; 32],
}

/// An answer, and whether it repeats an earlier one.
#[derive(Clone, Debug)]
pub struct Once<T> {
    /// The answer.
    pub value: T,
    /// Whether an earlier request with the same key got it first.
    pub replayed: bool,
}

impl<T> Once<T> {
    /// An answer that is given for the first time.
    pub fn new(value: T) -> Self {
        Self {
            value,
            replayed: false,
        }
    }

    /// What an earlier request with this key got.
    ///
    /// # Errors
    /// When it was another request: its digest differs.
    pub fn replay(value: T, digest: Option<&[u8]>, asked: &RequestKey) -> Result<Self, AppError> {
        if digest == Some(asked.digest.as_slice()) {
            Ok(Self {
                value,
                replayed: true,
            })
        } else {
            Err(AppError::KeyReused)
        }
    }
}
