//! Goes on with bookings that nobody works on: their process was killed, or a service did not answer.

use std::sync::Arc;
use std::time::Duration;

use clients::http::CallContext;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::steps::Steps;
use crate::db;

/// Looks for such bookings until it is told to stop; `at_once` of them are worked on side by side.
pub async fn run(steps: Steps, every: Duration, at_once: usize, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(at_once));
    while stop
        .run_until_cancelled(tokio::time::sleep(every))
        .await
        .is_some()
    {
        let free = i64::try_from(places.available_permits()).unwrap_or(i64::MAX);
        if free == 0 {
            continue;
        }
        let claimed = match db::bookings::claim(&steps.database, steps.lease, free).await {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::warn!(%error, "work can't be looked for");
                continue;
            }
        };
        for booking in claimed {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return;
            };
            let steps = steps.clone();
            tokio::spawn(async move {
                let id = booking.id;
                metrics::counter!("bookings_taken_over_total").increment(1);
                match steps.finish(booking, &CallContext::default()).await {
                    Ok(booking) => {
                        let status = booking.status.as_str();
                        tracing::info!(booking = %id, status, "booking settled");
                    }
                    Err(error) => tracing::warn!(booking = %id, %error, "booking not settled yet"),
                }
                drop(place);
            });
        }
    }
}
