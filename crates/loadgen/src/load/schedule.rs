//! The scheduled start times of one thread's requests, at a fixed rate.

use std::time::{Duration, Instant};

const NANOSECONDS: u128 = 1_000_000_000;

/// Every `threads`-th of all start times, so that the threads make an even rate together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    start: Instant,
    per_second: u128,
    thread: u128,
    threads: u128,
    count: u64,
}

impl Schedule {
    /// A thread's share of the requests that fit into the duration, limited to `max_requests` over all
    /// threads.
    pub(super) fn new(
        start: Instant,
        per_second: u32,
        thread: u64,
        threads: u64,
        duration: Duration,
        max_requests: u64,
    ) -> Self {
        let per_second = u128::from(per_second);
        let fitting = (duration.as_nanos() * per_second).div_ceil(NANOSECONDS);
        let all = u64::try_from(fitting).unwrap_or(u64::MAX).min(max_requests);
        Self {
            start,
            per_second,
            thread: u128::from(thread),
            threads: u128::from(threads),
            count: all.saturating_sub(thread).div_ceil(threads),
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The scheduled start of a request.
    pub(super) fn time(&self, index: u64) -> Instant {
        let position = u128::from(index) * self.threads + self.thread;
        let offset_ns = position * NANOSECONDS / self.per_second;
        self.start + Duration::from_nanos(u64::try_from(offset_ns).unwrap_or(u64::MAX))
    }

    /// Number of requests scheduled to have started by then.
    pub(super) fn due(&self, now: Instant) -> u64 {
        let passed_ns = now.saturating_duration_since(self.start).as_nanos();
        // The first position whose start is after `now`.
        let positions = ((passed_ns + 1) * self.per_second).div_ceil(NANOSECONDS);
        let mine = positions.saturating_sub(self.thread).div_ceil(self.threads);
        u64::try_from(mine).unwrap_or(u64::MAX).min(self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedules(per_second: u32, threads: u64, max_requests: u64) -> Vec<Schedule> {
        let (start, duration) = (Instant::now(), Duration::from_millis(2500));
        (0..threads)
            .map(|thread| Schedule::new(start, per_second, thread, threads, duration, max_requests))
            .collect()
    }

    #[test]
    fn the_threads_share_an_even_rate() {
        let schedules = schedules(3, 2, 100);
        let mut offsets: Vec<u128> = schedules
            .iter()
            .flat_map(|schedule| (0..schedule.count()).map(move |index| (schedule, index)))
            .map(|(schedule, index)| (schedule.time(index) - schedule.start).as_millis())
            .collect();
        offsets.sort_unstable();
        assert_eq!(offsets, [0, 333, 666, 1000, 1333, 1666, 2000, 2333]);
    }

    #[test]
    fn no_more_requests_than_allowed() {
        let counts = |max_requests| -> Vec<u64> {
            let schedules = schedules(1000, 3, max_requests);
            schedules.iter().map(Schedule::count).collect()
        };
        assert_eq!(counts(7), [3, 2, 2]);
        assert_eq!(counts(2), [1, 1, 0]);
        assert_eq!(counts(u64::MAX), [834, 833, 833]);
    }

    #[test]
    fn a_request_is_due_from_its_time_on() {
        for schedule in schedules(7, 2, 100) {
            for index in 0..schedule.count() {
                let time = schedule.time(index);
                if time > schedule.start {
                    assert_eq!(schedule.due(time - Duration::from_nanos(1)), index);
                }
                assert_eq!(schedule.due(time), index + 1);
            }
            let later = schedule.start + Duration::from_secs(60);
            assert_eq!(schedule.due(later), schedule.count());
        }
    }
}
