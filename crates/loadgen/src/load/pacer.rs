//! Releases the requests of a fixed rate, each at its scheduled time.
//!
//! Has a thread of its own that sleeps in between: the runtime's timer has a resolution of a millisecond, and
//! an answer often takes less.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::schedule::Schedule;

/// Lower bound of a sleep: at high rates several requests start together.
const SHORTEST_SLEEP: Duration = Duration::from_micros(100);
/// Upper bound of a sleep, so that a cancelled run is noticed.
const LONGEST_SLEEP: Duration = Duration::from_millis(50);

/// Adds a permit for each due request, until all are released or the receiver is gone.
pub(super) fn start(schedule: Schedule, due: Arc<Semaphore>) -> io::Result<()> {
    std::thread::Builder::new()
        .name("pacer".to_owned())
        .spawn(move || give_out(&schedule, &due))?;
    Ok(())
}

fn give_out(schedule: &Schedule, due: &Semaphore) {
    let mut given = 0;
    while given < schedule.count() && !due.is_closed() {
        let wait = schedule
            .time(given)
            .saturating_duration_since(Instant::now());
        std::thread::sleep(wait.clamp(SHORTEST_SLEEP, LONGEST_SLEEP));
        let now_due = schedule.due(Instant::now());
        // Few at a time, or the backlog of a stall of the machine.
        due.add_permits(usize::try_from(now_due - given).unwrap_or(0));
        given = now_due;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_permit_is_released_and_none_early() {
        let duration = Duration::from_millis(50);
        let schedule = Schedule::new(Instant::now(), 1000, 0, 1, duration, u64::MAX);
        let due = Arc::new(Semaphore::new(0));
        start(schedule, Arc::clone(&due)).unwrap();
        for index in 0..schedule.count() {
            due.acquire().await.unwrap().forget();
            assert!(Instant::now() >= schedule.time(index));
        }
    }
}
