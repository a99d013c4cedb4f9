//! The date before which rows move.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::error::ArchiveError;

/// Days for which nothing moves: longer than keys are repeated, and late refunds come.
const DAYS_KEPT: i32 = 30;

/// The first of a month (UTC), at least 30 days ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cutoff {
    date: Date,
    at: Timestamp,
}

impl Cutoff {
    /// # Errors
    /// The date is not the first of a month, or too recent.
    pub fn new(date: Date, now: Timestamp) -> Result<Self, ArchiveError> {
        if date.day() != 1 {
            return Err(ArchiveError::NotFirstOfMonth(date));
        }
        let today = now.to_zoned(TimeZone::UTC).date();
        let latest = today.saturating_sub(DAYS_KEPT.days()).first_of_month();
        if date > latest {
            return Err(ArchiveError::TooRecent { date, latest });
        }
        let at = date
            .to_zoned(TimeZone::UTC)
            .map_or(Timestamp::MIN, |at| at.timestamp());
        Ok(Self { date, at })
    }

    pub(crate) fn date(self) -> Date {
        self.date
    }

    pub(crate) fn at(self) -> Timestamp {
        self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_the_first_of_a_month_and_a_month_ago() {
        let now: Timestamp = "2026-05-20T12:00:00Z".parse().unwrap();
        let cutoff = |text: &str| Cutoff::new(text.parse().unwrap(), now);
        assert!(cutoff("2026-04-01").is_ok());
        assert!(matches!(
            cutoff("2026-03-15"),
            Err(ArchiveError::NotFirstOfMonth(_))
        ));
        let refused = cutoff("2026-05-01").unwrap_err().to_string();
        assert_eq!(
            refused,
            "2026-05-01 is too recent: the latest is 2026-04-01"
        );
    }
}
