//! What is measured.

use std::time::Duration;

use stress::load::{Pace, Plan};
use stress::stats::Outcome;

/// A booking was confirmed, and paid for.
pub const CONFIRMED: Outcome = Outcome::Status(200);

/// The thread that makes the load: it drives more requests than the services do that share the machine
/// with it.
const LOAD_THREADS: usize = 1;

/// Load before it is measured: connections are open, caches warm and batches full by then.
const WARM_UP: Duration = Duration::from_millis(500);

/// Far more than a round takes, and fewer than the flights have seats.
const MAX_REQUESTS: u64 = 5_000_000;

/// Cases that can be asked for together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Part {
    /// Bookings of 1,000 flights, at random
    Spread,
    /// Bookings of one flight
    Hot,
}

/// One thing that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Case {
    /// Which flights are booked.
    pub part: Part,
    /// How many connections book at once.
    pub connections: u16,
}

impl Part {
    /// How the results name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Spread => "1,000 flights",
            Self::Hot => "one flight",
        }
    }
}

impl Case {
    /// Its load: a closed loop.
    pub fn plan(&self, measured: Duration) -> Plan {
        Plan {
            clients: usize::from(self.connections),
            threads: LOAD_THREADS,
            pace: Pace::Closed,
            warm_up: WARM_UP,
            measured,
            max_requests: MAX_REQUESTS,
        }
    }
}

/// Everything that was asked for, in the order in which a round measures it.
pub fn cases(only: &[Part], connections: &[u16]) -> Vec<Case> {
    let mut connections = connections.to_vec();
    connections.sort_unstable();
    connections.dedup();
    [Part::Spread, Part::Hot]
        .into_iter()
        .filter(|part| only.is_empty() || only.contains(part))
        .flat_map(|part| {
            let case = move |connections: &u16| Case {
                part,
                connections: *connections,
            };
            connections.iter().map(case).collect::<Vec<_>>()
        })
        .collect()
}
