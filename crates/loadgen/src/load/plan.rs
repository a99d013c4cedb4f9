//! How much load, how fast and for how long.

use std::time::Duration;

use crate::LoadError;

/// More clients than a server of this project accepts on one machine.
const MOST_CLIENTS: usize = 10_000;
/// More threads than cores serve nobody.
const MOST_THREADS: usize = 64;
/// The longest run: a benchmark's part takes seconds.
const LONGEST: Duration = Duration::from_secs(600);

/// How much load, how fast and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How many clients there are. Each has one request under way at most.
    pub clients: usize,
    /// How many threads drive them. Each has a runtime of its own.
    pub threads: usize,
    /// When a request starts.
    pub pace: Pace,
    /// How long load is made before it is measured.
    pub warm_up: Duration,
    /// How long it is measured.
    pub measured: Duration,
    /// The most requests, the warm-up's included. The run ends when they are used up.
    pub max_requests: u64,
}

/// When a request starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// When the client's last answer has come.
    Closed,
    /// At its time.
    Fixed {
        /// Requests in a second, over all clients.
        per_second: u32,
        /// A request that no client was free to send within this time of its own is missed.
        send_within: Duration,
    },
}

impl Plan {
    /// How long load is made.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.warm_up.saturating_add(self.measured)
    }

    /// How many clients the thread of this index drives.
    pub(super) fn clients_of(&self, thread: usize) -> std::ops::Range<usize> {
        let first = |thread: usize| self.clients * thread / self.threads;
        first(thread)..first(thread + 1)
    }

    /// How many requests the thread of this index may send.
    pub(super) fn requests_of(&self, thread: u64, threads: u64) -> u64 {
        self.max_requests / threads + u64::from(thread < self.max_requests % threads)
    }

    /// Refuses a plan that makes no sense or is out of bounds.
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
    fn clients_and_requests_are_shared_out_completely() {
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
