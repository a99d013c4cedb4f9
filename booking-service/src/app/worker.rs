//! Goes on with bookings that nobody works on: their process was killed, a service did not answer, or
//! their customer's time ran out.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use clients::http::CallContext;
use futures_util::FutureExt as _;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::AppError;
use super::booking::Booking;
use super::engine::Engine;
use crate::db;

/// Those who work on bookings side by side, so many at most.
#[derive(Clone)]
pub struct Crew {
    /// What they do.
    pub engine: Engine,
    places: Arc<Semaphore>,
}

impl Crew {
    /// A crew of so many, at least one.
    #[must_use]
    pub fn new(engine: Engine, at_once: usize) -> Self {
        let places = Arc::new(Semaphore::new(at_once.max(1)));
        Self { engine, places }
    }

    /// How many have nothing to do, once somebody has not.
    pub async fn free_places(&self) -> usize {
        self.places.acquire().await.map(drop).ok();
        self.places.available_permits().max(1)
    }

    /// Works on these, which belong to the caller; waits only while nobody is free to begin.
    pub async fn work_on(&self, claimed: Vec<Booking>) {
        for booking in claimed {
            let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
                return;
            };
            let engine = self.engine.clone();
            tokio::spawn(async move {
                let id = booking.id;
                let driving = async { engine.drive(booking, &CallContext::default()).await };
                match AssertUnwindSafe(driving).catch_unwind().await {
                    Ok(Ok(booking)) => {
                        tracing::debug!(booking = %id, state = ?booking.life.shown, "booking processed");
                    }
                    Ok(Err(AppError::ChangedElsewhere)) => {}
                    Ok(Err(error)) => {
                        tracing::warn!(booking = %id, %error, "booking step failed; it will be retried");
                    }
                    // Its lease was given up with it: it is taken up again when that has run out.
                    Err(_) => {
                        metrics::counter!("booking_worker_panics_total").increment(1);
                        tracing::error!(booking = %id, "the work on a booking panicked");
                    }
                }
                drop(place);
            });
        }
    }
}

/// Looks for such bookings until it is told to stop.
pub async fn run(crew: Crew, every: Duration, stop: CancellationToken) {
    let engine = crew.engine.clone();
    let mut found_all = true;
    loop {
        // Where there is more than there were places, the next are looked for as soon as one is free.
        let pause = if found_all { every } else { Duration::ZERO };
        let next_turn = async {
            tokio::time::sleep(pause).await;
            crew.free_places().await
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
        crew.work_on(claimed).await;
    }
}
