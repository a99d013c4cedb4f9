//! Whether a call that failed is made again, and when.

use std::time::{Duration, Instant};

use rand::RngExt as _;
use reqwest::Response;
use reqwest::header::RETRY_AFTER;
use tower::retry::budget::{Budget as _, TpsBudget};

/// The most attempts after the first: a service that failed three times has more than a hiccup.
const RETRY_LIMIT: u32 = 2;

/// The longest pause before the first retry; it doubles. Most hiccups, a closed connection or a full
/// queue, are over within it.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The longest time that a service may ask for and still be tried again: after more, the caller's own
/// client should decide.
const RETRY_AFTER_LIMIT: Duration = Duration::from_secs(1);

/// Over so long the share is counted: longer than a service takes to restart.
const BUDGET_WINDOW: Duration = Duration::from_secs(10);

/// The share of calls that may be retries: a service that fails under load gets at most a tenth more.
const BUDGET_SHARE: f32 = 0.1;

/// Retries a second beyond that, for those who call seldom.
const BUDGET_FLOOR_PER_SECOND: u32 = 1;

/// How many retries a service's callers may make together.
#[derive(Debug)]
pub(super) struct RetryBudget(TpsBudget);

impl RetryBudget {
    pub(super) fn new() -> Self {
        Self(TpsBudget::new(
            BUDGET_WINDOW,
            BUDGET_FLOOR_PER_SECOND,
            BUDGET_SHARE,
        ))
    }

    /// Counts a call.
    pub(super) fn count_call(&self) {
        self.0.deposit();
    }

    /// How long to wait before the next attempt; `None` when there is to be none. `retries` were made
    /// before.
    pub(super) fn pause(
        &self,
        retries: u32,
        after: Duration,
        deadline: Option<Instant>,
    ) -> Option<Duration> {
        if retries >= RETRY_LIMIT || after > RETRY_AFTER_LIMIT {
            return None;
        }
        // Full jitter: callers that failed together don't come back together.
        let longest = FIRST_PAUSE * 2u32.pow(retries);
        let pause = after + rand::rng().random_range(Duration::ZERO..=longest);
        let in_time = deadline.is_none_or(|deadline| Instant::now() + pause < deadline);
        (in_time && self.0.withdraw()).then_some(pause)
    }
}

/// When a service that can't serve now asks to be tried again, if it says so in seconds.
pub(super) fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    Some(Duration::from_secs(seconds.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_two_retries() {
        let budget = RetryBudget::new();
        let allowed: Vec<bool> = (0..4)
            .map(|retries| budget.pause(retries, Duration::ZERO, None).is_some())
            .collect();
        assert_eq!(allowed, [true, true, false, false]);
    }

    #[test]
    fn pauses_are_spread_and_add_to_what_the_service_asks_for() {
        for retries in [0, 1] {
            let pause = RetryBudget::new().pause(retries, RETRY_AFTER_LIMIT, None);
            let longest = RETRY_AFTER_LIMIT + FIRST_PAUSE * 2u32.pow(retries);
            assert!((RETRY_AFTER_LIMIT..=longest).contains(&pause.unwrap()));
        }
    }

    #[test]
    fn a_service_that_asks_for_long_is_left_alone() {
        let after = RETRY_AFTER_LIMIT + Duration::from_secs(1);
        assert_eq!(RetryBudget::new().pause(0, after, None), None);
    }

    #[test]
    fn never_past_the_deadline() {
        let deadline = Instant::now() + RETRY_AFTER_LIMIT;
        assert_eq!(
            RetryBudget::new().pause(0, RETRY_AFTER_LIMIT, Some(deadline)),
            None
        );
    }

    #[test]
    fn retries_are_a_tenth_of_the_calls_beyond_the_reserve() {
        let budget = RetryBudget::new();
        let retries = |calls: u32| {
            for _ in 0..calls {
                budget.count_call();
            }
            let again = || budget.pause(0, Duration::ZERO, None).is_some();
            (0..1000).take_while(|_| again()).count()
        };
        assert_eq!(retries(0), 10);
        assert_eq!(retries(200), 20);
    }
}
