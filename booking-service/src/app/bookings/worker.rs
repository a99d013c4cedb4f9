//! Polls for bookings that are due and whose lease has expired: their process crashed, a service did not
//! answer, or their deadline passed.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use clients::CallContext;
use futures_util::FutureExt as _;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::app::AppError;
use crate::app::bookings::engine::Engine;
use crate::db;
use crate::model::booking::Booking;

/// Drives bookings concurrently, up to a limit.
#[derive(Clone)]
pub struct WorkerPool {
    pub engine: Engine,
    permits: Arc<Semaphore>,
}

impl WorkerPool {
    /// At least one permit.
    #[must_use]
    pub fn new(engine: Engine, concurrency: usize) -> Self {
        let permits = Arc::new(Semaphore::new(concurrency.max(1)));
        Self { engine, permits }
    }

    /// Waits for a free permit, then returns the number of free ones.
    pub async fn free_permits(&self) -> usize {
        self.permits.acquire().await.map(drop).ok();
        self.permits.available_permits().max(1)
    }

    /// Drives bookings whose leases the caller holds. Waits for permits only.
    pub async fn process(&self, claimed: Vec<Booking>) {
        for booking in claimed {
            let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else {
                return;
            };
            let engine = self.engine.clone();
            tokio::spawn(async move {
                let id = booking.id;
                let driving = async { engine.drive(booking, &CallContext::default()).await };
                match AssertUnwindSafe(driving).catch_unwind().await {
                    Ok(Ok(booking)) => {
                        tracing::debug!(booking = %id, state = ?booking.lifecycle.public_status, "booking processed");
                    }
                    Ok(Err(AppError::ChangedElsewhere)) => {}
                    Ok(Err(error)) => {
                        tracing::warn!(booking = %id, %error, "booking step failed; it will be retried");
                    }
                    // Its lease is no longer renewed, so a worker reclaims it once it has expired.
                    Err(_) => {
                        metrics::counter!("booking_worker_panics_total").increment(1);
                        tracing::error!(booking = %id, "booking step panicked");
                    }
                }
                drop(permit);
            });
        }
    }
}

/// Claims due bookings until stopped.
pub async fn run(workers: WorkerPool, every: Duration, stop: CancellationToken) {
    let engine = workers.engine.clone();
    let mut found_all = true;
    loop {
        // If more were due than there were permits, polls again as soon as one is free.
        let pause = if found_all { every } else { Duration::ZERO };
        let next_turn = async {
            tokio::time::sleep(pause).await;
            workers.free_permits().await
        };
        let Some(free) = stop.run_until_cancelled(next_turn).await else {
            return;
        };
        let free = i64::try_from(free).unwrap_or(i64::MAX);
        let lease = engine.settings.lease;
        let claimed = match db::bookings::claim(&engine.database, lease, free).await {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::warn!(%error, "claiming due bookings failed");
                found_all = true;
                continue;
            }
        };
        found_all = i64::try_from(claimed.len()).unwrap_or(i64::MAX) < free;
        let taken_over = u64::try_from(claimed.len()).unwrap_or(u64::MAX);
        metrics::counter!("booking_leases_reclaimed_total").increment(taken_over);
        workers.process(claimed).await;
    }
}
