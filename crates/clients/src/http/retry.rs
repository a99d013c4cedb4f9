//! Whether and when a failed call is retried.

use std::time::{Duration, Instant};

use rand::RngExt as _;
use tower::retry::budget::{Budget as _, TpsBudget};

/// Retries after the first attempt: three failures are more than a hiccup.
const RETRY_LIMIT: u32 = 2;

/// Upper limit of the first pause; doubled for the second. Most hiccups, such as a closed connection or a
/// full queue, are over within it.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Longest `Retry-After` that is honoured: beyond it the caller's own client should decide.
const RETRY_AFTER_LIMIT: Duration = Duration::from_secs(1);

/// Window of the budget: longer than a service takes to restart.
const BUDGET_WINDOW: Duration = Duration::from_secs(10);

/// Retries per call: a service that fails under load gets at most a tenth more.
const BUDGET_SHARE: f32 = 0.1;

/// Retries a second on top, for callers with few calls.
const BUDGET_FLOOR_PER_SECOND: u32 = 1;

/// Retry budget of all calls to a service.
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

    pub(super) fn count_call(&self) {
        self.0.deposit();
    }

    /// The pause before the next attempt; `None`: no retry. `retries` counts those made before.
    pub(super) fn pause(
        &self,
        retries: u32,
        after: Duration,
        deadline: Option<Instant>,
    ) -> Option<Duration> {
        if retries >= RETRY_LIMIT || after > RETRY_AFTER_LIMIT {
            return None;
        }
        // Full jitter, so that callers that failed together don't return together.
        let longest = FIRST_PAUSE * 2u32.pow(retries);
        let pause = after + rand::rng().random_range(Duration::ZERO..=longest);
        let in_time = deadline.is_none_or(|deadline| Instant::now() + pause < deadline);
        (in_time && self.0.withdraw()).then_some(pause)
    }
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
