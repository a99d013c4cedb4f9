//! Cutoffs before a departure or an event.

use jiff::{SignedDuration, Timestamp};

/// How long before departure or the start of an event sales end, or the customer's right to cancel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cutoff {
    /// `None`: no cutoff, not even after the start.
    pub before_start: Option<SignedDuration>,
}

impl Cutoff {
    /// The cutoff's moment; `None` if there is none.
    #[must_use]
    pub fn of(self, starts_at: Timestamp) -> Option<Timestamp> {
        let before = self.before_start?;
        // Out of range: the cutoff has always passed.
        Some(starts_at.checked_sub(before).unwrap_or(Timestamp::MIN))
    }

    /// Whether the cutoff has passed; true at its very moment.
    #[must_use]
    pub fn has_passed(self, starts_at: Timestamp, now: Timestamp) -> bool {
        self.of(starts_at).is_some_and(|ends_at| ends_at <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn it_ends_so_long_before_the_start_and_stays_over() {
        let hour = Cutoff {
            before_start: Some(SignedDuration::from_hours(1)),
        };
        assert_eq!(hour.of(at(10_000)), Some(at(6_400)));
        let passed = [6_399, 6_400, 10_000, 20_000].map(|now| hour.has_passed(at(10_000), at(now)));
        assert_eq!(passed, [false, true, true, true]);
    }

    #[test]
    fn never_is_never() {
        assert!(!Cutoff::default().has_passed(at(0), Timestamp::MAX));
        let longest = Cutoff {
            before_start: Some(SignedDuration::MAX),
        };
        assert!(longest.has_passed(at(0), Timestamp::MIN));
    }
}
