//! From when on a poll of the counts reads.

use jiff::{SignedDuration, Timestamp};

use super::schedule::{Edition, Schedule};

/// How far back polls read: entries carry a time before their commit, and are read when they have become visible.
/// Most polls look for what just was; those that are this much later than the last such one look back longer than
/// any commit takes.
const POLL_OVERLAP: SignedDuration = SignedDuration::from_secs(1);
const LONG_POLL_OVERLAP: SignedDuration = SignedDuration::from_secs(10);

/// When counts were last polled, by the database's clock, and for which schedule.
#[derive(Clone, Copy)]
pub(super) struct Polled {
    pub(super) edition: Edition,
    pub(super) at: Timestamp,
    /// The last poll that looked back longer; none yet of this schedule.
    pub(super) long_at: Option<Timestamp>,
}

impl Polled {
    /// Before the first poll of a schedule.
    pub(super) fn never(schedule: &Schedule) -> Self {
        Self {
            edition: schedule.edition(),
            at: schedule.read_at(),
            long_at: None,
        }
    }

    /// From when on the next poll reads, and whether it looks back longer.
    pub(super) fn since(self) -> (Timestamp, bool) {
        let (from, overlap, is_long) = match self.long_at {
            None => (self.at, LONG_POLL_OVERLAP, true),
            Some(long_at) if self.at.duration_since(long_at) >= LONG_POLL_OVERLAP => {
                (long_at, LONG_POLL_OVERLAP, true)
            }
            Some(_) => (self.at, POLL_OVERLAP, false),
        };
        (from.saturating_sub(overlap).unwrap_or(from), is_long)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after_epoch(duration: SignedDuration) -> Timestamp {
        Timestamp::UNIX_EPOCH + duration
    }

    #[test]
    fn polls_look_back_longer_now_and_then_without_a_gap() {
        let mut polled = Polled {
            edition: Schedule::empty().edition(),
            at: Timestamp::UNIX_EPOCH,
            long_at: None,
        };
        let mut last_long = None;
        for half_seconds in 1..=100 {
            let (since, is_long) = polled.since();
            assert!(since <= polled.at - POLL_OVERLAP);
            if is_long {
                // Nothing that became visible since the last long poll is older than this.
                let before = last_long.unwrap_or(polled.at);
                assert!(since <= before - LONG_POLL_OVERLAP);
            }
            let at = after_epoch(SignedDuration::from_millis(500 * half_seconds));
            if is_long {
                last_long = Some(at);
            }
            polled = Polled {
                at,
                long_at: if is_long { Some(at) } else { polled.long_at },
                ..polled
            };
            let long_at = polled.long_at.unwrap();
            assert!(at.duration_since(long_at) <= LONG_POLL_OVERLAP);
        }
    }
}
