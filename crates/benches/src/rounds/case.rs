//! A case: a part of a benchmark at a number of connections.

use std::fmt::Debug;
use std::hash::Hash;
use std::time::Duration;

use clap::ValueEnum;

use loadgen::load::{Pace, Plan};
use loadgen::stats::Outcome;

/// One thread generates more requests than the services answer that share the machine with it.
const LOAD_THREADS: usize = 1;

/// By then connections are open, caches warm and batches full.
const WARM_UP: Duration = Duration::from_millis(500);

/// Cases that are selected together. A round measures the parts in the order of their variants.
pub trait Part: ValueEnum + Copy + Debug + Eq + Hash + Send + Sync + 'static {
    /// Default numbers of connections, one case each.
    const CONNECTIONS: &'static [u16];
    /// Upper bound of one measurement, below the number of units for sale.
    const MAX_REQUESTS: u64;
    /// Load on each case before the first round.
    const SETTLING: Duration;

    /// Name in the results.
    fn name(self) -> &'static str;

    /// The outcome of a successful request.
    fn granted(self) -> Outcome;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Case<P> {
    pub part: P,
    pub connections: u16,
}

impl<P: Part> Case<P> {
    /// A closed loop.
    #[must_use]
    pub fn plan(&self, measured: Duration) -> Plan {
        Plan {
            clients: usize::from(self.connections),
            threads: LOAD_THREADS,
            pace: Pace::Closed,
            warm_up: WARM_UP,
            measured,
            max_requests: P::MAX_REQUESTS,
        }
    }
}

/// The selected cases in the order of a round.
pub(super) fn cases<P: Part>(only: &[P], connections: &[u16]) -> Vec<Case<P>> {
    let mut connections = connections.to_vec();
    connections.sort_unstable();
    connections.dedup();
    let parts = P::value_variants().iter().copied();
    parts
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
