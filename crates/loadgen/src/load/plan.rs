//! A load's clients, pace and duration.

use std::time::Duration;

use crate::LoadError;

/// More than a server of this project accepts on one machine.
const MOST_CLIENTS: usize = 10_000;
/// More threads than cores gain nothing.
const MOST_THREADS: usize = 64;
/// Upper bound of a run; a benchmark's case takes seconds.
const LONGEST: Duration = Duration::from_secs(600);

#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Concurrent clients, each with at most one request in flight.
    pub clients: usize,
    /// Threads that drive the clients, each with a runtime of its own.
    pub threads: usize,
    pub pace: Pace,
    /// Load before the measurement starts.
    pub warm_up: Duration,
    /// Duration of the measurement.
    pub measured: Duration,
    /// Upper bound of the requests, the warm-up's included; reaching it ends the run.
    pub max_requests: u64,
}

/// When requests start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Closed loop: when the client's last answer has arrived.
    Closed,
    /// Fixed rate: each at its scheduled time.
    Fixed {
        /// Requests per second over all clients.
        per_second: u32,
        /// A request that no client was free to send so soon after its scheduled time is missed.
        send_within: Duration,
    },
}

impl Plan {
    /// Warm-up and measurement together.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.warm_up.saturating_add(self.measured)
    }

    /// The indexes of a thread's clients.
    pub(super) fn clients_of(&self, thread: usize) -> std::ops::Range<usize> {
        let first = |thread: usize| self.clients * thread / self.threads;
        first(thread)..first(thread + 1)
    }

    /// A thread's share of the requests.
    pub(super) fn requests_of(&self, thread: u64, threads: u64) -> u64 {
        self.max_requests / threads + u64::from(thread < self.max_requests % threads)
    }

    /// Refuses a plan that is senseless or out of bounds.
    pub(super) fn check(&self) -> Result<(), LoadError> {
        require(
            (1..=MOST_CLIENTS).contains(&self.clients),
            "clients",
            format!("must be from 1 to {MOST_CLIENTS}"),
        )?;
        let most_threads = MOST_THREADS.min(self.clients);
        require(
            (1..=most_threads).contains(&self.threads),
            "threads",
            format!("must be from 1 to {most_threads}: no more than clients"),
        )?;
        require(
            !self.measured.is_zero() && self.duration() <= LONGEST,
            "measured time",
            format!(
                "must be above zero, and with the warm-up at most {} s",
                LONGEST.as_secs()
            ),
        )?;
        require(
            self.max_requests > 0,
            "request limit",
            "must be above zero".to_owned(),
        )?;
        if let Pace::Fixed { per_second, .. } = self.pace {
            require(per_second > 0, "rate", "must be above zero".to_owned())?;
        }
        Ok(())
    }
}

fn require(holds: bool, field: &'static str, problem: String) -> Result<(), LoadError> {
    if holds {
        Ok(())
    } else {
        Err(LoadError::Plan { field, problem })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan {
        clients: 10,
        threads: 3,
        pace: Pace::Closed,
        warm_up: Duration::ZERO,
        measured: Duration::from_secs(1),
        max_requests: 11,
    };

    #[test]
    fn clients_and_requests_are_distributed_completely() {
        let clients: Vec<usize> = (0..3).flat_map(|thread| PLAN.clients_of(thread)).collect();
        assert_eq!(clients, (0..10).collect::<Vec<_>>());
        let requests: Vec<u64> = (0..3).map(|thread| PLAN.requests_of(thread, 3)).collect();
        assert_eq!(requests, [4, 4, 3]);
    }

    #[test]
    fn senseless_plans_are_refused_by_field() {
        assert!(PLAN.check().is_ok());
        let at_no_rate = Pace::Fixed {
            per_second: 0,
            send_within: Duration::ZERO,
        };
        let wrong = [
            (Plan { clients: 0, ..PLAN }, "clients"),
            (
                Plan {
                    threads: 11,
                    ..PLAN
                },
                "threads",
            ),
            (
                Plan {
                    measured: Duration::ZERO,
                    ..PLAN
                },
                "measured time",
            ),
            (
                Plan {
                    warm_up: Duration::MAX,
                    ..PLAN
                },
                "measured time",
            ),
            (
                Plan {
                    max_requests: 0,
                    ..PLAN
                },
                "request limit",
            ),
            (
                Plan {
                    pace: at_no_rate,
                    ..PLAN
                },
                "rate",
            ),
        ];
        for (plan, field) in wrong {
            let error = plan.check().unwrap_err().to_string();
            assert!(error.contains(field), "{error}");
        }
    }
}
