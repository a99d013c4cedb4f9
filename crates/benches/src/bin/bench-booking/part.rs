//! The measured cases.

use std::time::Duration;

use benches::baselines::Baseline;
use benches::rounds;
use loadgen::stats::Outcome;

/// A booking was confirmed and paid.
pub const CONFIRMED: Outcome = Outcome::Status(200);

/// Cases that are selected together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Part {
    /// Bookings of 200 flights, at random
    Spread,
    /// Bookings of one flight
    Hot,
}

impl rounds::Part for Part {
    const BASELINES: &'static [(Baseline, u16)] = &[
        (Baseline::Bare, 64),
        (Baseline::RowLock, 64),
        // The lone booking comes next: the disk should be quiet by then.
        (Baseline::Insert, 256),
        (Baseline::Insert, 64),
        (Baseline::Insert, 8),
        (Baseline::Insert, 1),
    ];
    /// Far more than a round needs, and below the number of seats.
    const MAX_REQUESTS: u64 = 5_000_000;
    const SETTLING: Duration = Duration::from_millis(500);

    fn name(self) -> &'static str {
        match self {
            Self::Spread => "200 flights",
            Self::Hot => "one flight",
        }
    }

    fn clients(self) -> &'static [u16] {
        match self {
            Self::Spread => &[1, 8, 64, 256],
            Self::Hot => &[64, 256],
        }
    }

    fn ramp(self) -> &'static [u16] {
        &[96, 128, 192, 384, 512]
    }

    fn p99_limit_ms(self) -> Option<f64> {
        Some(150.0)
    }

    fn granted(self) -> Outcome {
        CONFIRMED
    }
}
