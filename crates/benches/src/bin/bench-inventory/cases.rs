//! What is measured.

use std::time::Duration;

use loadgen::load::{Pace, Plan};
use loadgen::stats::Outcome;

/// A client of the database got what it asked for.
pub const GRANTED: Outcome = Outcome::Named("granted");

/// The pools that the load is spread over.
pub const SPREAD_POOLS: i64 = 10_000;

/// The threads that make the load, the same in every case: one of them drives more requests than any
/// server does that shares the machine with it.
const LOAD_THREADS: usize = 1;

/// Load before it is measured: connections are open, caches warm and batches full by then.
const WARM_UP: Duration = Duration::from_millis(500);

/// Far more than a round takes, in case that something answers without doing anything.
const MAX_REQUESTS: u64 = 20_000_000;

/// Cases that can be asked for together.
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

/// What the clients of a case do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Take a unit from one row, each in a transaction of its own.
    RowLock,
    /// Hold a unit of one pool through the committer.
    CommitterHot,
    /// Hold a unit of one of many pools through the committer.
    CommitterSpread,
    /// Hold a seat of one flight over HTTP.
    HoldSeat,
    /// Decrement a flight that is sold out, over HTTP.
    DecrementSoldOut,
    /// Hold a seat of a flight that is sold out, over HTTP.
    HoldSoldOut,
    /// Ask for what needs no work.
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

/// One thing that is measured.
#[derive(Debug)]
pub struct Case {
    /// How the results name it.
    pub name: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    /// The part that it belongs to.
    pub part: Part,
    /// What its clients do.
    pub work: Work,
    /// How many clients there are.
    pub clients: usize,
    /// What its requests are meant to come to. Others are shown, and are not part of the rate.
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

    /// Its load: a closed loop.
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

/// Everything, in the order in which a round measures it. Quiet ones stand between those that write.
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
