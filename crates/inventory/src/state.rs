//! Pools, holds and seats in memory, and the changes to write.

use std::collections::{BTreeMap, HashMap};

use domain::{HoldId, HoldStatus, PoolId, SeatLayout, SeatNumber, Units};
use jiff::Timestamp;
use uuid::Uuid;

use crate::refusal::Refusal;

/// A pool's row. `free + held + sold = capacity`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// What its units are, such as `flight_seats`.
    pub kind: String,
    /// Total units.
    pub capacity: i32,
    /// Units that nobody has.
    pub free: i32,
    /// Units in holds that are not sold.
    pub held: i32,
    /// Units in sales.
    pub sold: i32,
    /// The part of `sold` that adjustments took, rather than holds.
    pub adjusted: i32,
    /// The seat map; `None` if units have no names.
    pub layout: Option<SeatLayout>,
    /// When what is sold begins; `None`: sales don't close by themselves.
    pub starts_at: Option<Timestamp>,
    /// When sales were closed by hand; `None` while they were not.
    pub closed_at: Option<Timestamp>,
    /// Rises with each transaction that changes the pool.
    pub version: i64,
}

/// A pool's free units at one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolCount {
    /// The pool counted.
    pub pool: PoolId,
    /// Rises with each change; of two counts the one with the greater version is newer.
    pub version: i64,
    /// Units free at that version.
    pub free: i32,
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

    /// The units in an account. `Issued` is the source of capacity, so its balance is the negative capacity.
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

/// The part of a hold on one pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldLeg {
    /// The pool of the leg.
    pub pool: PoolId,
    /// How many units it has.
    pub units: Units,
    /// As many as units if the pool has a seat map; otherwise empty.
    pub seats: Vec<SeatNumber>,
}

/// A hold's row, with its legs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Whom the units are for; empty in a tombstone.
    pub owner: String,
    /// Held, sold, released, expired or refused.
    pub status: HoldStatus,
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal>,
    /// The digest of its request; `None` for a tombstone.
    pub request_digest: Option<Vec<u8>>,
    /// When it expires; `None` if it can't.
    pub expires_at: Option<Timestamp>,
    /// The number of the last seat change that counted.
    pub seat_change: i64,
    /// Why that change was refused, if it was.
    pub seat_change_refusal: Option<Refusal>,
    /// Its legs; empty if it was refused or is a tombstone.
    pub legs: Vec<HoldLeg>,
}

impl Hold {
    /// When it will lapse, with the database's precision of a microsecond; `None` if it is pinned, sold or over.
    #[must_use]
    pub fn lapses_at(&self) -> Option<Timestamp> {
        let expiry = self
            .expires_at
            .filter(|_| self.status == HoldStatus::Held)?;
        Timestamp::from_microsecond(expiry.as_microsecond()).ok()
    }

    /// Whether it is held and past its expiry.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.lapses_at().is_some_and(|expiry| expiry <= now)
    }

    /// Its expiry in each of its pools.
    pub(crate) fn expiries(
        &self,
        id: HoldId,
        at: Option<Timestamp>,
    ) -> impl Iterator<Item = Expiry> {
        let legs = self.legs.iter();
        legs.filter_map(move |leg| {
            Some(Expiry {
                pool: leg.pool,
                at: at?,
                hold: id,
            })
        })
    }
}

/// A recorded adjustment. Refused ones are not recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// The adjusted pool.
    pub pool: PoolId,
    /// Positive: taken; negative: given back.
    pub units: i32,
    /// The pool's free units right after.
    pub free_after: i32,
    /// Time of the batch.
    pub applied_at: Timestamp,
}

/// The owner of each taken seat of a pool.
pub type TakenSeats = BTreeMap<SeatNumber, HoldId>;

/// When a hold on a pool lapses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expiry {
    /// The pool of one of the hold's legs.
    pub pool: PoolId,
    /// When the hold expires.
    pub at: Timestamp,
    /// The hold that expires.
    pub hold: HoldId,
}

/// All rows that a batch of commands concerns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Locked for the batch.
    pub pools: BTreeMap<PoolId, Pool>,
    /// The holds that commands name, with all of their pools, and expired holds on named pools, some of whose
    /// pools may be missing.
    pub holds: HashMap<HoldId, Hold>,
    /// The taken seats by pool: all seats of named pools, otherwise those of these holds.
    pub seats: HashMap<PoolId, TakenSeats>,
    /// The adjustments that commands name.
    pub adjustments: HashMap<Uuid, Adjustment>,
}

/// An account of the ledger. A unit is in exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// Outside: capacity is issued from here.
    Issued,
    /// Nobody has them.
    Free,
    /// In holds.
    Held,
    /// In sales, and taken by adjustments.
    Sold,
}

impl Account {
    /// The account's name in the ledger.
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

/// One movement of units between two accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The pool whose units move.
    pub pool: PoolId,
    /// The pool's version that it belongs to.
    pub version: i64,
    /// Its index within the version, from 0.
    pub line: i32,
    /// The account debited.
    pub from: Account,
    /// The account credited.
    pub to: Account,
    /// Above zero.
    pub units: i32,
    /// The kind of command.
    pub reason: &'static str,
    /// The hold or adjustment that caused it.
    pub cause: Option<Uuid>,
}

/// The rows that a batch changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateDiff {
    /// Pools to insert.
    pub new_pools: BTreeMap<PoolId, Pool>,
    /// Pools to update.
    pub pools: BTreeMap<PoolId, Pool>,
    /// Holds to insert, with their legs.
    pub new_holds: Vec<(HoldId, Hold)>,
    /// Holds to update. Their pools' versions rise, always: whoever has read a pool at some version has read its
    /// holds, too.
    pub holds: Vec<(HoldId, Hold)>,
    /// Legs to update: the units and seats of a hold that changed its seats.
    pub legs: Vec<(HoldId, HoldLeg)>,
    /// Expiries to delete: of holds that ended, or were pinned or sold, or last longer.
    pub ended_expiries: Vec<Expiry>,
    /// Expiries to insert.
    pub new_expiries: Vec<Expiry>,
    /// Seats to delete from the live seats.
    pub freed_seats: Vec<(PoolId, SeatNumber)>,
    /// Seats to insert into the live seats.
    pub taken_seats: Vec<(PoolId, SeatNumber, HoldId)>,
    /// Adjustments to insert.
    pub adjustments: Vec<(Uuid, Adjustment)>,
    /// Movements to append.
    pub ledger: Vec<LedgerEntry>,
}

impl StateDiff {
    /// The free counts of all changed pools.
    pub fn counts(&self) -> impl Iterator<Item = PoolCount> + '_ {
        self.new_pools
            .iter()
            .chain(&self.pools)
            .map(|(id, pool)| pool.count(*id))
    }
}
