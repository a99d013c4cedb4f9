//! Gives the requests of a fixed rate out, each at its time.
//!
//! On a thread of its own that sleeps in between: the runtime's timer counts milliseconds, and an
//! answer often takes less.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::schedule::Schedule;

/// It sleeps no shorter than this: at high rates several requests start together.
const SHORTEST_SLEEP: Duration = Duration::from_micros(100);
/// Nor longer, so that it sees when the run was given up.
const LONGEST_SLEEP: Duration = Duration::from_millis(50);

/// Adds a permit for each request when it is due, until all are given out or nobody wants more.
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
        // No more than a moment's worth, or what a stall of the machine let pile up.
        due.add_permits(usize::try_from(now_due - given).unwrap_or(0));
        given = now_due;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everything_is_given_out_and_nothing_early() {
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
