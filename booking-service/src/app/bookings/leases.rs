//! Leases of the bookings that this process drives.
//!
//! A lease is short, so that another replica takes over soon after a crash. Longer work, such as a slow
//! payment, has its lease renewed every second while it makes progress. Work that hangs loses its lease.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use domain::BookingId;
use tokio_util::sync::CancellationToken;

use crate::db;
use crate::model::booking::Booking;

const RENEW_EVERY: Duration = Duration::from_secs(1);

type Working = Mutex<HashMap<BookingId, Work>>;

#[derive(Clone, Copy)]
struct Work {
    /// The version that the worker has.
    version: i64,
    since: Instant,
    /// When the worker last completed a step.
    progress_at: Instant,
}

#[derive(Clone, Default)]
pub struct Leases {
    working: Arc<Working>,
}

/// Work on one booking; dropping it stops the renewal.
pub struct Lease {
    working: Arc<Working>,
    id: BookingId,
}

impl Leases {
    /// Renews the lease of a booking that the caller has claimed, until the result is dropped.
    #[must_use]
    pub fn keep(&self, booking: &Booking) -> Lease {
        let lease = Lease {
            working: Arc::clone(&self.working),
            id: booking.id,
        };
        lease.follow(booking);
        lease
    }

    /// Renews, until stopped, the leases of work that is older than a second and made progress within `step`,
    /// the longest duration of one step.
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
    /// Records progress, and the version that the worker has now.
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
