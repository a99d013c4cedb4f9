//! The bookings that this process works on, kept from being taken over while it does.
//!
//! A lease is short, so that another replica goes on soon after a crash; work that takes longer, such as a
//! slow payment, has it renewed each second, for as long as it makes progress: work that hangs is left to
//! others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use domain::BookingId;
use tokio_util::sync::CancellationToken;

use crate::db;
use crate::model::booking::Booking;

/// How often leases are renewed.
const RENEW_EVERY: Duration = Duration::from_secs(1);

/// What is being worked on.
type Working = Mutex<HashMap<BookingId, Work>>;

#[derive(Clone, Copy)]
struct Work {
    /// The version that the worker knows.
    version: i64,
    since: Instant,
    /// When the worker last went on.
    progress_at: Instant,
}

/// The leases of this process.
#[derive(Clone, Default)]
pub struct Leases {
    working: Arc<Working>,
}

/// Work on one booking; dropping it gives the lease up.
pub struct Lease {
    working: Arc<Working>,
    id: BookingId,
}

impl Leases {
    /// Keeps a booking, which belongs to the caller, from now on.
    #[must_use]
    pub fn keep(&self, booking: &Booking) -> Lease {
        let lease = Lease {
            working: Arc::clone(&self.working),
            id: booking.id,
        };
        lease.follow(booking);
        lease
    }

    /// Renews what is older than a second and made progress within `step`, the longest that one step may
    /// take, until it is told to stop.
    pub async fn run(
        self,
        database: Pool,
        lease: Duration,
        step: Duration,
        stop: CancellationToken,
    ) {
        while stop
            .run_until_cancelled(tokio::time::sleep(RENEW_EVERY))
            .await
            .is_some()
        {
            let old = self.to_renew(step);
            if old.is_empty() {
                continue;
            }
            if let Err(error) = db::bookings::renew(&database, &old, lease).await {
                tracing::warn!(%error, bookings = old.len(), "lease renewal failed");
            }
        }
    }

    fn to_renew(&self, step: Duration) -> Vec<(BookingId, i64)> {
        let working = self.working.lock().unwrap_or_else(PoisonError::into_inner);
        let old = working
            .iter()
            .filter(|(_, work)| work.since.elapsed() >= RENEW_EVERY);
        let (moving, stuck): (Vec<_>, Vec<_>) =
            old.partition(|(_, work)| work.progress_at.elapsed() < step);
        metrics::gauge!("bookings_stuck")
            .set(f64::from(u32::try_from(stuck.len()).unwrap_or(u32::MAX)));
        moving
            .into_iter()
            .map(|(id, work)| (*id, work.version))
            .collect()
    }
}

impl Lease {
    /// The worker goes on with the booking at this version.
    pub fn follow(&self, booking: &Booking) {
        let now = Instant::now();
        let mut working = self.working.lock().unwrap_or_else(PoisonError::into_inner);
        let work = working.entry(self.id).or_insert(Work {
            version: booking.version,
            since: now,
            progress_at: now,
        });
        work.version = booking.version;
        work.progress_at = now;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.working
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_makes_no_progress_is_not_renewed() {
        let leases = Leases::default();
        let now = Instant::now();
        let ago = |seconds| now.checked_sub(Duration::from_secs(seconds)).unwrap();
        let work = |since, progress_at| Work {
            version: 1,
            since,
            progress_at,
        };
        leases.working.lock().unwrap().extend([
            (BookingId(1), work(now, now)),
            (BookingId(2), work(ago(60), ago(2))),
            (BookingId(3), work(ago(60), ago(20))),
        ]);
        let renewed = leases.to_renew(Duration::from_secs(10));
        assert_eq!(renewed, [(BookingId(2), 1)]);
    }
}
