//! One circuit breaker per called service.
//!
//! After several failures in a row the circuit opens for a moment: callers fail at once instead of waiting
//! for a timeout, and a starting service is not met by all of them. Then, half open, it admits one call at a
//! time until one succeeds.

use std::fmt;
use std::iter::Repeat;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use failsafe::failure_policy::{ConsecutiveFailures, consecutive_failures};
use failsafe::{Config, Instrument, StateMachine, backoff};

/// Failures in a row that open the circuit: more than one killed connection or one unlucky moment causes, few
/// enough that a dead service is noticed within milliseconds under load.
const FAILURES_TO_OPEN: u32 = 5;

/// How long the circuit stays open, and how long a probe has before the next is admitted: about the start-up
/// time of a service.
const OPEN_DURATION: Duration = Duration::from_secs(1);

const CLOSED: u8 = 0;
const HALF_OPEN: u8 = 1;
const OPEN: u8 = 2;

/// Decides whether a call is admitted.
pub(super) struct Breaker {
    machine: StateMachine<ConsecutiveFailures<Repeat<Duration>>, Watch>,
    state: Arc<AtomicU8>,
    /// When the last probe was admitted while half open.
    last_trial: Mutex<Option<Instant>>,
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.machine.fmt(f)
    }
}

impl Breaker {
    /// Starts closed.
    pub(super) fn new(service: &'static str) -> Self {
        let state = Arc::new(AtomicU8::new(CLOSED));
        let watch = Watch {
            service,
            state: Arc::clone(&state),
        };
        let policy = consecutive_failures(FAILURES_TO_OPEN, backoff::constant(OPEN_DURATION));
        Self {
            machine: Config::new()
                .failure_policy(policy)
                .instrument(watch)
                .build(),
            state,
            last_trial: Mutex::new(None),
        }
    }

    /// Admits or rejects a call. An admitted call reports its result, unless that says nothing about the
    /// service.
    pub(super) fn admits(&self) -> bool {
        if !self.machine.is_call_permitted() {
            return false;
        }
        if self.state.load(Ordering::Relaxed) != HALF_OPEN {
            return true;
        }
        let mut last = self
            .last_trial
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| last.elapsed() >= OPEN_DURATION);
        if is_due {
            *last = Some(Instant::now());
        }
        is_due
    }

    pub(super) fn succeeded(&self) {
        self.machine.on_success();
    }

    pub(super) fn failed(&self) {
        self.machine.on_error();
    }

    /// Publishes the state as a gauge.
    pub(super) fn publish(&self, service: &'static str) {
        metrics::gauge!("client_circuit_state", "service" => service)
            .set(self.state.load(Ordering::Relaxed));
    }
}

/// Mirrors the state machine's transitions into `state`.
struct Watch {
    service: &'static str,
    state: Arc<AtomicU8>,
}

impl Instrument for Watch {
    fn on_call_rejected(&self) {}

    fn on_open(&self) {
        self.state.store(OPEN, Ordering::Relaxed);
        tracing::warn!(
            service = self.service,
            "circuit open: the service keeps failing"
        );
    }

    fn on_half_open(&self) {
        self.state.store(HALF_OPEN, Ordering::Relaxed);
    }

    fn on_closed(&self) {
        if self.state.swap(CLOSED, Ordering::Relaxed) != CLOSED {
            tracing::info!(
                service = self.service,
                "circuit closed: the service answers again"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened() -> Breaker {
        let breaker = Breaker::new("test");
        for _ in 0..FAILURES_TO_OPEN {
            assert!(breaker.admits());
            breaker.failed();
        }
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it() {
        assert!(!opened().admits());
    }

    #[test]
    fn a_success_in_between_starts_the_count_again() {
        let breaker = Breaker::new("test");
        for _ in 0..3 * FAILURES_TO_OPEN {
            breaker.failed();
            breaker.succeeded();
        }
        assert!(breaker.admits());
    }

    #[test]
    fn half_open_it_lets_one_call_through_at_a_time() {
        let breaker = opened();
        while !breaker.admits() {
            std::thread::yield_now();
        }
        assert!(!breaker.admits(), "the first is still under way");
        breaker.succeeded();
        assert!(breaker.admits());
        assert!(breaker.admits());
    }
}
