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
    /// How long a batch waits for more items after its first one. Zero where somebody waits for the answer; more
    /// for work that only tidies up, so that it shares its commits even when there is little of it.
    pub linger: Duration,
}
