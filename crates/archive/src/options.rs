//! What a run does.

use crate::cutoff::Cutoff;

/// What to archive, and how.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What is older moves.
    pub before: Cutoff,
    /// Count what would move, and move nothing.
    pub is_dry: bool,
    /// Most bookings in a batch.
    pub batch: i64,
    /// A batch is followed by a pause of so many times what it took, so that sales don't notice.
    pub pause: u32,
}

impl Options {
    /// Batches of 500, four fifths of the time at rest.
    #[must_use]
    pub fn new(before: Cutoff) -> Self {
        Self {
            before,
            is_dry: false,
            batch: 500,
            pause: 4,
        }
    }
}
