//! The database's clock, told between two readings.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// The last reading of the database's clock.
///
/// Deadlines use the database's clock, which each commit reads. Until the next reading, its time is the last one and
/// what this machine's monotonic clock says has passed. The statement that writes a batch compares the two, so a
/// jump of the database's clock is noticed by the first batch after it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DatabaseClock {
    read: Timestamp,
    at: Instant,
}

impl DatabaseClock {
    /// A reading that just arrived.
    pub(crate) fn read(read: Timestamp) -> Self {
        let at = Instant::now();
        Self { read, at }
    }

    /// The time now, with the database's precision of a microsecond.
    pub(crate) fn now(&self) -> Timestamp {
        self.after(self.at.elapsed())
    }

    fn after(&self, passed: Duration) -> Timestamp {
        let passed = i64::try_from(passed.as_micros()).unwrap_or(i64::MAX);
        let now = self.read.as_microsecond().saturating_add(passed);
        Timestamp::from_microsecond(now).unwrap_or(self.read)
    }
}
