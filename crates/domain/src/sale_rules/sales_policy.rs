//! When sales end by themselves.

use jiff::{SignedDuration, Timestamp};

/// When sales close.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SalesPolicy {
    /// How long before the start of what is sold. `None` keeps sales open for ever, to replay an old schedule.
    pub close_before_start: Option<SignedDuration>,
}

impl SalesPolicy {
    /// Whether a pool with this start, and perhaps closed by hand, still sells at `now`.
    #[must_use]
    pub fn is_open(
        &self,
        starts_at: Option<Timestamp>,
        closed_at: Option<Timestamp>,
        now: Timestamp,
    ) -> bool {
        let too_late = match (starts_at, self.close_before_start) {
            (Some(start), Some(margin)) => now.duration_until(start) <= margin,
            _ => false,
        };
        closed_at.is_none() && !too_late
    }
}
