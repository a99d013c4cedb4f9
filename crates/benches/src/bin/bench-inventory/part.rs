//! The measured cases.

use std::time::Duration;

use benches::baselines::Baseline;
use benches::oversell_check::GRANTED;
use benches::rounds;
use loadgen::stats::Outcome;

/// Cases that are selected together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Part {
    /// Decrements of a sold-out flight over HTTP
    SoldOutDecrement,
    /// Holds of a sold-out flight over HTTP
    SoldOutHold,
    /// Holds of one pool through the committer in this process
    Committer,
    /// Holds of 10,000 pools through the committer in this process
    CommitterSpread,
    /// Holds of one flight over HTTP
    Http,
}

impl rounds::Part for Part {
    const BASELINES: &'static [(Baseline, u16)] = &[
        (Baseline::Bare, 64),
        (Baseline::RowLock, 16),
        (Baseline::RowLock, 64),
    ];
    /// Far more than a round needs: a bound in case the server answers without doing anything.
    const MAX_REQUESTS: u64 = 20_000_000;
    const SETTLING: Duration = Duration::from_millis(500);

    fn name(self) -> &'static str {
        match self {
            Self::SoldOutDecrement => "sold out: decrement",
            Self::SoldOutHold => "sold out: hold",
            Self::Committer => "committer, one pool",
            Self::CommitterSpread => "committer, 10,000",
            Self::Http => "holds over HTTP",
        }
    }

    fn clients(self) -> &'static [u16] {
        match self {
            Self::SoldOutDecrement | Self::SoldOutHold => &[64],
            Self::Committer => &[64, 256, 1024],
            Self::CommitterSpread => &[1024],
            Self::Http => &[64, 256],
        }
    }

    fn ramp(self) -> &'static [u16] {
        match self {
            Self::Http => &[128, 384, 512],
            _ => &[],
        }
    }

    fn p99_limit_ms(self) -> Option<f64> {
        match self {
            Self::Http => Some(60.0),
            _ => None,
        }
    }

    fn granted(self) -> Outcome {
        match self {
            Self::SoldOutDecrement | Self::SoldOutHold => Outcome::Status(409),
            Self::Committer | Self::CommitterSpread => GRANTED,
            Self::Http => Outcome::Status(201),
        }
    }

    fn is_served(self) -> bool {
        !matches!(self, Self::Committer | Self::CommitterSpread)
    }
}
