//! The measured cases.

use std::time::Duration;

use benches::rounds;
use loadgen::stats::Outcome;

/// A booking was confirmed and paid.
pub const CONFIRMED: Outcome = Outcome::Status(200);

/// Cases that are selected together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Part {
    /// Bookings of 1,000 flights, at random
    Spread,
    /// Bookings of one flight
    Hot,
}

impl rounds::Part for Part {
    // A rate counts while its p99 is below 100 ms, which is reached at about a hundred connections.
    const CONNECTIONS: &'static [u16] = &[64, 96, 256];
    /// Far more than a round needs, and below the number of seats.
    const MAX_REQUESTS: u64 = 5_000_000;
    const SETTLING: Duration = Duration::from_millis(500);

    fn name(self) -> &'static str {
        match self {
            Self::Spread => "1,000 flights",
            Self::Hot => "one flight",
        }
    }

    fn granted(self) -> Outcome {
        CONFIRMED
    }
}
