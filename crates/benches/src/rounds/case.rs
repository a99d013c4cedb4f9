//! What is measured: a part of a benchmark, by the number of connections.

use std::fmt::Debug;
use std::hash::Hash;
use std::time::Duration;

use clap::ValueEnum;

use loadgen::load::{Pace, Plan};
use loadgen::stats::Outcome;

/// The thread that makes the load: it drives more requests than the services do that share the machine
/// with it.
const LOAD_THREADS: usize = 1;

/// Load before it is measured: connections are open, caches warm and batches full by then.
const WARM_UP: Duration = Duration::from_millis(500);

/// Cases that can be asked for together. A round measures the parts in the order of their variants.
pub trait Part: ValueEnum + Copy + Debug + Eq + Hash + Send + Sync + 'static {
    /// How many connections there are, one case each, unless something else is asked for.
    const CONNECTIONS: &'static [u16];
    /// The most requests of one measurement: fewer than there is to sell.
    const MAX_REQUESTS: u64;
    /// How long each case is run before anything is measured.
    const SETTLING: Duration;

    /// How the results name it.
    fn name(self) -> &'static str;

    /// What a request comes to that counts.
    fn granted(self) -> Outcome;
}

/// One thing that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Case<P> {
    /// What is asked for.
    pub part: P,
    /// How many connections ask at once.
    pub connections: u16,
}

impl<P: Part> Case<P> {
    /// Its load: a closed loop.
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

/// Everything that was asked for, in the order in which a round measures it.
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
