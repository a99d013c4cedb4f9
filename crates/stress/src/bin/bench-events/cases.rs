//! What is measured.

use std::time::Duration;

use stress::load::{Pace, Plan};
use stress::stats::Outcome;

/// Tickets were sold.
pub const SOLD: Outcome = Outcome::Status(201);

/// The thread that makes the load: it drives more requests than the service does that shares the machine
/// with it.
const LOAD_THREADS: usize = 1;

/// Load before it is measured: connections are open, caches warm and batches full by then.
const WARM_UP: Duration = Duration::from_millis(500);

/// Far more than a round takes, and fewer than there are tickets.
const MAX_REQUESTS: u64 = 50_000_000;

/// Cases that can be asked for together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Part {
    /// Purchases of one ticket option
    Tickets,
}

/// One thing that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Case {
    /// What is bought.
    pub part: Part,
    /// How many connections buy at once.
    pub connections: u16,
}

impl Part {
    /// How the results name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tickets => "ticket option",
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
    [Part::Tickets]
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
