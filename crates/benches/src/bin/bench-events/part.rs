//! The measured cases.

use std::time::Duration;

use benches::rounds;
use loadgen::stats::Outcome;

/// Tickets were sold.
pub const SOLD: Outcome = Outcome::Status(201);

/// Cases that are selected together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Part {
    /// Purchases of one ticket option
    Tickets,
}

impl rounds::Part for Part {
    const CONNECTIONS: &'static [u16] = &[256, 512];
    /// Far more than a round needs, and below the number of tickets.
    const MAX_REQUESTS: u64 = 50_000_000;
    const SETTLING: Duration = Duration::from_secs(1);

    fn name(self) -> &'static str {
        match self {
            Self::Tickets => "ticket option",
        }
    }

    fn granted(self) -> Outcome {
        match self {
            Self::Tickets => SOLD,
        }
    }
}
