//! Options of a reconciliation.

use std::time::Duration;

/// Connection strings of the three databases.
#[derive(Clone, Debug)]
pub struct Urls {
    pub flights: String,
    pub bookings: String,
    pub payments: String,
}

#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Work that has been due for longer is overdue.
    pub overdue_after: Duration,
}

impl Default for Options {
    /// 30 s: long for workers that poll twice a second with leases of 4 s.
    fn default() -> Self {
        Self {
            overdue_after: Duration::from_secs(30),
        }
    }
}
