//! The measured cases.

use std::time::Duration;

use loadgen::load::{Pace, Plan};
use loadgen::stats::Outcome;

/// Outcome of a successful database client.
pub const GRANTED: Outcome = Outcome::Named("granted");

/// Pools of the spread load.
pub const SPREAD_POOLS: i64 = 10_000;

/// The same for every case: one thread generates more requests than any server answers that shares the
/// machine with it.
const LOAD_THREADS: usize = 1;

/// By then connections are open, caches warm and batches full.
const WARM_UP: Duration = Duration::from_millis(500);

/// Far more than a round needs: a bound in case the server answers without doing anything.
const MAX_REQUESTS: u64 = 20_000_000;

/// Cases that are selected together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// One transaction per request
    Baseline,
    /// The committer in this process
    Committer,
    /// Holds over HTTP
    Http,
    /// Sold-out refusals over HTTP
    SoldOut,
    /// A handler that does nothing
    Bare,
}

/// What each request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Takes a unit of one row in a transaction of its own.
    RowLock,
    /// Holds a unit of one pool through the committer.
    CommitterHot,
    /// Holds a unit of one of many pools through the committer.
    CommitterSpread,
    /// Holds a seat of one flight over HTTP.
    HoldSeat,
    /// Decrements a sold-out flight over HTTP.
    DecrementSoldOut,
    /// Asks for a seat of a sold-out flight over HTTP.
    HoldSoldOut,
    /// Asks the bare handler.
    Hello,
}

impl Work {
    /// Whether it leaves rows behind.
    pub fn writes(self) -> bool {
        match self {
            Self::RowLock | Self::CommitterHot | Self::CommitterSpread | Self::HoldSeat => true,
            Self::DecrementSoldOut | Self::HoldSoldOut | Self::Hello => false,
        }
    }
}

#[derive(Debug)]
pub struct Case {
    /// Name in the JSON line.
    pub name: &'static str,
    /// Name in the table.
    pub title: &'static str,
    pub part: Part,
    pub work: Work,
    pub clients: usize,
    /// The outcome whose rate is measured. Others are shown apart.
    pub meant: Outcome,
}

impl Case {
    const fn new(
        name: &'static str,
        title: &'static str,
        part: Part,
        work: Work,
        clients: usize,
        meant: Outcome,
    ) -> Self {
        Self {
            name,
            title,
            part,
            work,
            clients,
            meant,
        }
    }

    /// A closed loop.
    pub fn plan(&self, measured: Duration) -> Plan {
        Plan {
            clients: self.clients,
            threads: LOAD_THREADS,
            pace: Pace::Closed,
            warm_up: WARM_UP,
            measured,
            max_requests: MAX_REQUESTS,
        }
    }
}

const HELD: Outcome = Outcome::Status(201);
const REFUSED: Outcome = Outcome::Status(409);
const HELLO: Outcome = Outcome::Status(200);

/// All cases in the order of a round. Cases that only read stand between those that write.
#[rustfmt::skip]
pub const CASES: [Case; 11] = [
    Case::new("bare_actix", "bare actix-web handler", Part::Bare, Work::Hello, 64, HELLO),
    Case::new("rowlock_16", "SELECT FOR UPDATE per request", Part::Baseline, Work::RowLock, 16, GRANTED),
    Case::new("rowlock_64", "SELECT FOR UPDATE per request", Part::Baseline, Work::RowLock, 64, GRANTED),
    Case::new("sold_out_decrement", "HTTP, sold out: decrement", Part::SoldOut, Work::DecrementSoldOut, 64, REFUSED),
    Case::new("sold_out_hold", "HTTP, sold out: hold", Part::SoldOut, Work::HoldSoldOut, 64, REFUSED),
    Case::new("committer_hot_64", "committer, one pool", Part::Committer, Work::CommitterHot, 64, GRANTED),
    Case::new("committer_hot_256", "committer, one pool", Part::Committer, Work::CommitterHot, 256, GRANTED),
    Case::new("committer_hot_1024", "committer, one pool", Part::Committer, Work::CommitterHot, 1024, GRANTED),
    Case::new("committer_spread_1024", "committer, 10,000 pools", Part::Committer, Work::CommitterSpread, 1024, GRANTED),
    Case::new("http_hot_64", "HTTP, holds on one flight", Part::Http, Work::HoldSeat, 64, HELD),
    Case::new("http_hot_256", "HTTP, holds on one flight", Part::Http, Work::HoldSeat, 256, HELD),
];
