//! Goes on with bookings that nobody works on: their process was killed, a service did not answer, or
//! their customer's time ran out.

use std::sync::Arc;
use std::time::Duration;

use clients::http::CallContext;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::AppError;
use super::engine::Engine;
use crate::db;

/// Looks for such bookings until it is told to stop; `at_once` of them are worked on side by side.
pub async fn run(engine: Engine, every: Duration, at_once: usize, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(at_once));
    let mut found_all = true;
    loop {
        // Where there is more than there were places, the next are looked for as soon as one is free.
        let pause = if found_all { every } else { Duration::ZERO };
        let next_turn = async {
            tokio::time::sleep(pause).await;
            places.acquire().await.ok().map(drop)
        };
        if stop
            .run_until_cancelled(next_turn)
            .await
            .flatten()
            .is_none()
        {
            return;
        }
        let free = i64::try_from(places.available_permits())
            .unwrap_or(i64::MAX)
            .max(1);
        let lease = engine.settings.lease;
        let claimed = match db::bookings::claim(&engine.database, lease, free).await {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::warn!(%error, "work can't be looked for");
                found_all = true;
                continue;
            }
        };
        found_all = i64::try_from(claimed.len()).unwrap_or(i64::MAX) < free;
        for booking in claimed {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return;
            };
            let engine = engine.clone();
            tokio::spawn(async move {
                let id = booking.id;
                metrics::counter!("bookings_taken_over_total").increment(1);
                match engine.drive(booking, &CallContext::default()).await {
                    Ok(booking) => {
                        tracing::info!(booking = %id, state = ?booking.life.shown, "booking settled");
                    }
                    Err(AppError::ChangedElsewhere) => {}
                    Err(error) => tracing::warn!(booking = %id, %error, "booking not settled yet"),
                }
                drop(place);
            });
        }
    }
}
