//! A case: what is measured, at a number of clients, for a version.

use std::fmt::Debug;
use std::hash::Hash;
use std::time::Duration;

use clap::ValueEnum;

use loadgen::load::{Pace, Plan};
use loadgen::stats::Outcome;

use crate::baselines::Baseline;

/// One thread generates more requests than the services answer that share the machine with it.
const LOAD_THREADS: usize = 1;

/// By then connections are open, caches warm and batches full.
const WARM_UP: Duration = Duration::from_millis(500);

/// Cases that are selected together. A round measures the parts in the order of their variants.
pub trait Part: ValueEnum + Copy + Debug + Eq + Hash + Send + Sync + 'static {
    /// The baselines, and their numbers of clients.
    const BASELINES: &'static [(Baseline, u16)] = &[(Baseline::Bare, 64), (Baseline::RowLock, 64)];
    /// Upper bound of one measurement, below the number of units for sale.
    const MAX_REQUESTS: u64;
    /// Load on each case before the first round.
    const SETTLING: Duration;

    /// Name in the results.
    fn name(self) -> &'static str;

    /// Numbers of clients, one case each.
    fn clients(self) -> &'static [u16];

    /// Further numbers of clients, up to the first whose p99 is far beyond the limit.
    fn ramp(self) -> &'static [u16] {
        &[]
    }

    /// The highest load counts whose p99 is within this.
    fn p99_limit_ms(self) -> Option<f64> {
        None
    }

    /// The outcome of a successful request.
    fn granted(self) -> Outcome;

    /// Whether the services do the work, so that their version matters.
    fn is_served(self) -> bool {
        true
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject<P> {
    Baseline(Baseline),
    Part(P),
}

impl<P: Part> Subject<P> {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Baseline(baseline) => baseline.name(),
            Self::Part(part) => part.name(),
        }
    }

    #[must_use]
    pub fn granted(self) -> Outcome {
        match self {
            Self::Baseline(baseline) => baseline.granted(),
            Self::Part(part) => part.granted(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Case<P> {
    pub subject: Subject<P>,
    pub clients: u16,
    /// Index of the version of the services.
    pub version: usize,
}

impl<P: Part> Case<P> {
    /// A closed loop.
    pub(super) fn plan(&self, measured: Duration) -> Plan {
        Plan {
            clients: usize::from(self.clients),
            threads: LOAD_THREADS,
            pace: Pace::Closed,
            warm_up: WARM_UP,
            measured,
            max_requests: P::MAX_REQUESTS,
        }
    }

    /// The limit of a case that is measured only while smaller ones are within it.
    pub(super) fn ramp_limit_ms(&self) -> Option<f64> {
        match self.subject {
            Subject::Part(part) if !part.clients().contains(&self.clients) => part.p99_limit_ms(),
            _ => None,
        }
    }
}

/// The selected cases in the order of a round: the baselines, then each part with growing numbers of clients,
/// one version right after the other.
pub(super) fn cases<P: Part>(only: &[P], clients: &[u16], versions: usize) -> Vec<Case<P>> {
    let baselines = P::BASELINES.iter().map(|(baseline, clients)| Case {
        subject: Subject::Baseline(*baseline),
        clients: *clients,
        version: 0,
    });
    let mut cases: Vec<Case<P>> = baselines.collect();
    let parts = P::value_variants().iter().copied();
    for part in parts.filter(|part| only.is_empty() || only.contains(part)) {
        let mut clients = match clients {
            [] => [part.clients(), part.ramp()].concat(),
            requested => requested.to_vec(),
        };
        clients.sort_unstable();
        clients.dedup();
        let versions = if part.is_served() { versions } else { 1 };
        for clients in clients {
            cases.extend((0..versions).map(|version| Case {
                subject: Subject::Part(part),
                clients,
                version,
            }));
        }
    }
    cases
}
