//! The limits of a writer.

use std::time::Duration;

/// Limits of one writer.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most items in one batch.
    pub batch: usize,
    /// Most items in the queue; more are refused with [`BatchError::Busy`](super::BatchError::Busy) (backpressure).
    pub queue: usize,
    /// Longest wait for a batch to begin; an item that waited longer is refused with [`BatchError::Busy`](super::BatchError::Busy) (load
    /// shedding).
    pub wait: Duration,
}
