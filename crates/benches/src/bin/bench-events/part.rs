//! The measured cases.

use std::time::Duration;

use benches::baselines::Baseline;
use benches::rounds;
use loadgen::stats::Outcome;

/// Tickets were sold, or held for a payment.
pub const SOLD: Outcome = Outcome::Status(201);

/// Cases that are selected together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Part {
    /// Purchases of one ticket option
    TicketOption,
    /// Bookings of an event that does not sell out
    Event,
    /// A hot sale: bookings of an event until it is sold out
    HotEvent,
}

impl rounds::Part for Part {
    const BASELINES: &'static [(Baseline, u16)] = &[
        (Baseline::Bare, 64),
        (Baseline::RowLock, 64),
        (Baseline::Insert, 1),
        (Baseline::Insert, 8),
    ];
    /// Far more than a round needs, and below the number of tickets.
    const MAX_REQUESTS: u64 = 900_000;
    const SETTLING: Duration = Duration::from_millis(500);

    fn name(self) -> &'static str {
        match self {
            Self::TicketOption => "ticket option",
            Self::Event => "event, until answered",
            Self::HotEvent => "hot event, answered",
        }
    }

    fn clients(self) -> &'static [u16] {
        match self {
            Self::TicketOption => &[1, 8, 256, 512],
            Self::Event => &[1, 8],
            Self::HotEvent => &[64],
        }
    }

    fn granted(self) -> Outcome {
        SOLD
    }
}
