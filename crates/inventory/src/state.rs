//! Pools, holds and seats as `decide` sees them, and the changes that it makes.

use std::collections::{BTreeMap, HashMap};

use domain::{HoldId, HoldStatus, PoolId, SeatLayout, SeatNumber, Units};
use jiff::Timestamp;
use uuid::Uuid;

use crate::verdict::{PoolCount, Refusal};

/// A pool's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// What its units are.
    pub kind: String,
    /// All units.
    pub capacity: i32,
    /// Units that nobody has.
    pub free: i32,
    /// Units in holds.
    pub held: i32,
    /// Units sold.
    pub sold: i32,
    /// The part of `sold` that adjustments took.
    pub adjusted: i32,
    /// The seat map.
    pub layout: Option<SeatLayout>,
    /// When what is sold begins.
    pub starts_at: Option<Timestamp>,
    /// When sales were closed by hand.
    pub closed_at: Option<Timestamp>,
    /// Rises with each transaction that changes the pool.
    pub version: i64,
}

impl Pool {
    /// The pool's free units at its version.
    #[must_use]
    pub fn count(&self, id: PoolId) -> PoolCount {
        PoolCount {
            pool: id,
            version: self.version,
            free: self.free,
        }
    }

    /// The units in an account; `Issued` is where capacity comes from, so it is its negative.
    fn account(&mut self, account: Account) -> &mut i32 {
        match account {
            Account::Issued => &mut self.capacity,
            Account::Free => &mut self.free,
            Account::Held => &mut self.held,
            Account::Sold => &mut self.sold,
        }
    }

    /// Moves units between two accounts.
    pub(crate) fn move_units(&mut self, from: Account, to: Account, units: i32) {
        match from {
            Account::Issued => *self.account(Account::Issued) += units,
            other => *self.account(other) -= units,
        }
        match to {
            Account::Issued => *self.account(Account::Issued) -= units,
            other => *self.account(other) += units,
        }
    }
}

/// Units of one pool in a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldLeg {
    /// The pool.
    pub pool: PoolId,
    /// How many.
    pub units: Units,
    /// Which seats, where the pool has a seat map.
    pub seats: Vec<SeatNumber>,
}

/// A hold's row with its legs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// For whom.
    pub owner: String,
    /// Where it stands.
    pub status: HoldStatus,
    /// Why it was refused.
    pub refusal: Option<Refusal>,
    /// What was asked for, digested; `None` for a tombstone.
    pub request_digest: Option<Vec<u8>>,
    /// When it lapses; `None` when it can't.
    pub expires_at: Option<Timestamp>,
    /// The number of the last seat change that counted.
    pub seat_change: i64,
    /// Why that one was refused.
    pub seat_change_refusal: Option<Refusal>,
    /// Its pools, units and seats.
    pub legs: Vec<HoldLeg>,
}

impl Hold {
    /// Whether it is held, and its time has run out.
    #[must_use]
    pub fn has_lapsed(&self, now: Timestamp) -> bool {
        self.status == HoldStatus::Held && self.expires_at.is_some_and(|expiry| expiry <= now)
    }
}

/// An adjustment that was made. Refused ones are not recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// The pool.
    pub pool: PoolId,
    /// Above zero: taken; below: given back.
    pub units: i32,
    /// The pool's free units right after.
    pub free_after: i32,
    /// When.
    pub applied_at: Timestamp,
}

/// All rows that a batch of commands concerns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The pools, locked.
    pub pools: BTreeMap<PoolId, Pool>,
    /// The holds that commands name, with all of their pools, and holds that have lapsed on pools that
    /// commands name: of these, some may have pools that are not here.
    pub holds: HashMap<HoldId, Hold>,
    /// Who has which named seat: all of them of the pools that commands name, else those of these holds.
    pub seats: BTreeMap<(PoolId, SeatNumber), HoldId>,
    /// The adjustments that commands name.
    pub adjustments: HashMap<Uuid, Adjustment>,
}

/// Where units are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// Outside: capacity is issued from here.
    Issued,
    /// Nobody has them.
    Free,
    /// In holds.
    Held,
    /// Sold.
    Sold,
}

impl Account {
    /// The account as it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Free => "free",
            Self::Held => "held",
            Self::Sold => "sold",
        }
    }
}

/// One movement of units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The pool.
    pub pool: PoolId,
    /// The pool's version that it belongs to.
    pub version: i64,
    /// Its place within the version, from 0.
    pub line: i32,
    /// Out of this account.
    pub from: Account,
    /// Into this one.
    pub to: Account,
    /// How many, above zero.
    pub units: i32,
    /// The kind of command.
    pub reason: &'static str,
    /// The hold or adjustment.
    pub cause: Option<Uuid>,
}

/// What a batch changed: the rows to write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateDiff {
    /// Pools to insert.
    pub new_pools: BTreeMap<PoolId, Pool>,
    /// Pools to update.
    pub pools: BTreeMap<PoolId, Pool>,
    /// Holds to insert, with their legs.
    pub new_holds: Vec<(HoldId, Hold)>,
    /// Holds to update, with their legs.
    pub holds: Vec<(HoldId, Hold)>,
    /// Seats that are no longer live under this hold.
    pub freed_seats: Vec<(PoolId, SeatNumber)>,
    /// Seats that became live.
    pub taken_seats: Vec<(PoolId, SeatNumber, HoldId)>,
    /// Adjustments to insert.
    pub adjustments: Vec<(Uuid, Adjustment)>,
    /// Movements to append.
    pub ledger: Vec<LedgerEntry>,
}

impl StateDiff {
    /// The counts of all pools that changed.
    pub fn counts(&self) -> impl Iterator<Item = PoolCount> + '_ {
        self.new_pools
            .iter()
            .chain(&self.pools)
            .map(|(id, pool)| pool.count(*id))
    }
}
