//! What can be asked of the inventory.

use std::collections::BTreeMap;

use domain::{HoldId, PoolId, SeatLayout, SeatNumber, Units};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// The most pools that one hold spans: an itinerary has at most four legs, and tickets come with a
/// voucher and a limit at most.
pub const MAX_LEGS: usize = 8;

/// One command. Each is safe to repeat: a repeated one gets its first verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Makes a pool.
    Create(NewPool),
    /// StateDiff a pool: all that is given, or nothing.
    ChangePool(PoolChange),
    /// Does nothing of its own: if the hold's time has run out, that is entered in the ledger.
    Sweep {
        /// The hold.
        hold: HoldId,
    },
    /// Takes units out of pools for one owner, all or nothing.
    Hold(HoldCommand),
    /// Takes a hold's expiry away: payment is under way.
    Pin {
        /// The hold.
        hold: HoldId,
    },
    /// Turns a hold into a sale.
    Confirm {
        /// The hold.
        hold: HoldId,
    },
    /// Gives a hold's units back, sold ones too. For an unknown hold it leaves a tombstone, which
    /// refuses the hold if it arrives late.
    Release {
        /// The hold.
        hold: HoldId,
    },
    /// Swaps a hold's named seats and starts its expiry anew; the old ones stay if one can't be had.
    ChangeSeats(SeatChange),
    /// Takes units without a hold, or gives such units back.
    Adjust {
        /// The command's own id.
        id: Uuid,
        /// The pool.
        pool: PoolId,
        /// How many.
        units: Units,
        /// Which way.
        direction: Direction,
    },
}

impl Command {
    /// The pools that the command names itself.
    pub fn pools(&self) -> Vec<PoolId> {
        match self {
            Self::Create(pool) => vec![pool.id],
            Self::ChangePool(PoolChange { pool, .. }) | Self::Adjust { pool, .. } => vec![*pool],
            Self::Hold(hold) => hold.legs().iter().map(|leg| leg.pool).collect(),
            Self::ChangeSeats(change) => change.seats().keys().copied().collect(),
            Self::Pin { .. } | Self::Confirm { .. } | Self::Release { .. } | Self::Sweep { .. } => {
                Vec::new()
            }
        }
    }

    /// The hold that the command names.
    #[must_use]
    pub fn hold(&self) -> Option<HoldId> {
        match self {
            Self::Hold(hold) => Some(hold.id()),
            Self::Pin { hold }
            | Self::Confirm { hold }
            | Self::Release { hold }
            | Self::Sweep { hold } => Some(*hold),
            Self::ChangeSeats(change) => Some(change.hold()),
            Self::Create(_) | Self::ChangePool(_) | Self::Adjust { .. } => None,
        }
    }

    /// The adjustment that the command is.
    #[must_use]
    pub fn adjustment(&self) -> Option<Uuid> {
        match self {
            Self::Adjust { id, .. } => Some(*id),
            _ => None,
        }
    }
}

/// Which way an adjustment moves units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Out of the pool.
    Take,
    /// Back into it; never more than adjustments took.
    GiveBack,
}

/// A pool to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPool {
    /// Its id, chosen by the caller.
    pub id: PoolId,
    /// What its units are: the first part of the gate's key, such as `flight_seats`.
    pub kind: String,
    /// How many units it has, zero or more.
    pub capacity: i32,
    /// How many of them are sold from the start, as if by a bare decrement.
    pub already_sold: i32,
    /// Its seat map, with as many seats as the capacity.
    pub layout: Option<SeatLayout>,
    /// When what is sold begins; sales close some time before.
    pub starts_at: Option<Timestamp>,
}

/// What is to change of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolChange {
    /// The pool.
    pub pool: PoolId,
    /// The new capacity, zero or more; never below what is held and sold.
    pub capacity: Option<i32>,
    /// When what it sells begins, and so when its sales close; `Some(None)`: it has no beginning, and sales
    /// don't close by themselves.
    pub starts_at: Option<Option<Timestamp>>,
    /// Whether its sales end.
    pub closes: bool,
    /// Whether it may change only while nobody has units of it in a hold, held or sold.
    pub only_unsold: bool,
}

impl PoolChange {
    /// A change of nothing.
    #[must_use]
    pub fn of(pool: PoolId) -> Self {
        Self {
            pool,
            capacity: None,
            starts_at: None,
            closes: false,
            only_unsold: false,
        }
    }
}

/// How long a hold lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Until this time, unless it is pinned, sold or released before.
    Expires(Timestamp),
    /// Until its owner ends it.
    Pinned,
    /// It is a sale at once: there is nothing to pay.
    Sold,
}

/// Units, and named seats, of one pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegRequest {
    /// The pool.
    pub pool: PoolId,
    /// How many units.
    pub units: Units,
    /// Which seats: as many as units, or none where any will do.
    pub seats: Vec<SeatNumber>,
}

/// Units to be taken out of pools for one owner, all or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldCommand {
    id: HoldId,
    owner: String,
    legs: Vec<LegRequest>,
    until: Until,
    /// The only pool that the gate is asked about; `None`: all of them.
    gated: Option<PoolId>,
}

/// Why a hold can't even be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedHold {
    /// No legs, or too many.
    #[error("a hold has 1 to {MAX_LEGS} legs")]
    LegCount,
    /// Two legs on one pool.
    #[error("a hold names each flight or pool once")]
    RepeatedPool,
    /// The same seat twice.
    #[error("a hold names each seat once")]
    RepeatedSeat,
    /// The named seats are not as many as the units.
    #[error("a leg has as many seats as units")]
    SeatCount,
}

impl HoldCommand {
    /// A well-formed hold.
    ///
    /// # Errors
    /// When it has no legs or too many, or names a pool or seat twice.
    pub fn new(
        id: HoldId,
        owner: String,
        legs: Vec<LegRequest>,
        until: Until,
    ) -> Result<Self, MalformedHold> {
        if legs.is_empty() || legs.len() > MAX_LEGS {
            return Err(MalformedHold::LegCount);
        }
        for (index, leg) in legs.iter().enumerate() {
            if legs
                .iter()
                .take(index)
                .any(|earlier| earlier.pool == leg.pool)
            {
                return Err(MalformedHold::RepeatedPool);
            }
            if !leg.seats.is_empty() && Units::of_len(leg.seats.len()) != Some(leg.units) {
                return Err(MalformedHold::SeatCount);
            }
            if has_repeated(&leg.seats) {
                return Err(MalformedHold::RepeatedSeat);
            }
        }
        Ok(Self {
            id,
            owner,
            legs,
            until,
            gated: None,
        })
    }

    /// The same, with the gate asked about this pool alone: for holds whose other pools are asked for too
    /// rarely to be worth a copy, and whose refusal has to be told from that of this one.
    #[must_use]
    pub fn gated_by(self, pool: PoolId) -> Self {
        Self {
            gated: Some(pool),
            ..self
        }
    }

    /// The legs whose pools the gate is asked about.
    pub(crate) fn gated_legs(&self) -> impl Iterator<Item = &LegRequest> {
        let is_gated = |leg: &&LegRequest| self.gated.is_none_or(|only| only == leg.pool);
        self.legs.iter().filter(is_gated)
    }

    /// The hold's id.
    #[must_use]
    pub fn id(&self) -> HoldId {
        self.id
    }

    /// For whom.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The pools, units and seats.
    #[must_use]
    pub fn legs(&self) -> &[LegRequest] {
        &self.legs
    }

    /// How long it lasts.
    #[must_use]
    pub fn until(&self) -> Until {
        self.until
    }

    /// A digest of all that was asked for. Two holds with the same id and different digests are two
    /// different requests.
    #[must_use]
    pub fn digest(&self) -> Vec<u8> {
        let mut digest = Sha256::new();
        digest.update(self.owner.as_bytes());
        for leg in &self.legs {
            digest.update([0]);
            digest.update(leg.pool.0.to_be_bytes());
            digest.update(leg.units.get().to_be_bytes());
            for seat in &leg.seats {
                digest.update([seat.row()]);
                digest.update(seat.number().to_be_bytes());
            }
        }
        match self.until {
            Until::Expires(at) => {
                digest.update([1]);
                digest.update(at.as_microsecond().to_be_bytes());
            }
            Until::Pinned => digest.update([2]),
            Until::Sold => digest.update([3]),
        }
        // Sixteen bytes are plenty to tell two requests under one random id apart.
        digest.finalize().iter().take(16).copied().collect()
    }
}

/// Other seats for a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatChange {
    hold: HoldId,
    seats: BTreeMap<PoolId, Vec<SeatNumber>>,
    until: Timestamp,
    number: i64,
}

/// Why a seat change can't even be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedSeatChange {
    /// No legs, or too many.
    #[error("a hold has 1 to {MAX_LEGS} legs")]
    LegCount,
    /// Two legs on one pool.
    #[error("a change names each flight or pool once")]
    RepeatedPool,
    /// No seat for the leg at this index.
    #[error("must name a seat")]
    NoSeats(usize),
    /// The same seat twice in the leg at this index.
    #[error("names a seat twice")]
    RepeatedSeat(usize),
    /// StateDiff are counted from 1.
    #[error("must be 1 or more")]
    Number,
}

impl SeatChange {
    /// A well-formed change: what a hold shall have in each of its pools, and until when.
    ///
    /// # Errors
    /// When it names no pool or too many, or a pool or seat twice, or no seats of one.
    pub fn new(
        hold: HoldId,
        legs: Vec<(PoolId, Vec<SeatNumber>)>,
        until: Timestamp,
        number: i64,
    ) -> Result<Self, MalformedSeatChange> {
        if number < 1 {
            return Err(MalformedSeatChange::Number);
        }
        if legs.is_empty() || legs.len() > MAX_LEGS {
            return Err(MalformedSeatChange::LegCount);
        }
        let mut by_pool = BTreeMap::new();
        for (index, (pool, seats)) in legs.into_iter().enumerate() {
            if seats.is_empty() {
                return Err(MalformedSeatChange::NoSeats(index));
            }
            if has_repeated(&seats) {
                return Err(MalformedSeatChange::RepeatedSeat(index));
            }
            if by_pool.insert(pool, seats).is_some() {
                return Err(MalformedSeatChange::RepeatedPool);
            }
        }
        Ok(Self {
            hold,
            seats: by_pool,
            until,
            number,
        })
    }

    /// The hold.
    #[must_use]
    pub fn hold(&self) -> HoldId {
        self.hold
    }

    /// The new seats by pool, each pool once.
    #[must_use]
    pub fn seats(&self) -> &BTreeMap<PoolId, Vec<SeatNumber>> {
        &self.seats
    }

    /// When the hold lapses from now on.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// Rises with each change of this hold, from 1; a late one is ignored. A refused change uses its
    /// number up.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.number
    }
}

/// Whether a seat is named twice.
fn has_repeated(seats: &[SeatNumber]) -> bool {
    let mut sorted = seats.to_vec();
    sorted.sort_unstable();
    sorted
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a == b))
}
