//! The bookings that this process works on, kept from being taken over while it does.
//!
//! A lease is short, so that another replica goes on soon after a crash; work that takes longer, such as a
//! slow payment, has it renewed each second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use domain::BookingId;
use tokio_util::sync::CancellationToken;

use super::booking::Booking;
use crate::db;

/// How often leases are renewed.
const RENEW_EVERY: Duration = Duration::from_secs(1);

/// What is being worked on: the version that the worker knows, and when its lease began.
type Working = Mutex<HashMap<BookingId, (i64, Instant)>>;

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

    /// Renews what is older than a second, until it is told to stop.
    pub async fn run(self, database: Pool, lease: Duration, stop: CancellationToken) {
        while stop
            .run_until_cancelled(tokio::time::sleep(RENEW_EVERY))
            .await
            .is_some()
        {
            let old: Vec<(BookingId, i64)> = self
                .working
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .iter()
                .filter(|(_, (_, since))| since.elapsed() >= RENEW_EVERY)
                .map(|(id, (version, _))| (*id, *version))
                .collect();
            if old.is_empty() {
                continue;
            }
            if let Err(error) = db::bookings::renew(&database, &old, lease).await {
                tracing::warn!(%error, bookings = old.len(), "leases can't be renewed");
            }
        }
    }
}

impl Lease {
    /// The booking has changed: this is the version to keep.
    pub fn follow(&self, booking: &Booking) {
        let mut working = self.working.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = working
            .entry(self.id)
            .or_insert((booking.version, Instant::now()));
        entry.0 = booking.version;
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
