//! The commands of the inventory.

use std::collections::BTreeMap;

use domain::{HoldId, PoolId, SeatLayout, SeatNumber, Units};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// The most pools that one hold spans: an itinerary has at most four legs, and tickets come with a
/// voucher and a limit at most.
pub const HOLD_LEGS_MAX: usize = 8;

/// One command. Each is idempotent: a repeated one gets its first verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Creates a pool.
    Create(NewPool),
    /// Changes a pool: everything given, or nothing.
    ChangePool(PoolChange),
    /// Records a hold's expiry in the ledger if it is due; otherwise does nothing.
    Sweep {
        /// The expired hold.
        hold: HoldId,
    },
    /// Takes units out of pools for one owner, all or nothing.
    Hold(HoldCommand),
    /// Removes a hold's expiry: a payment is in progress.
    Pin {
        /// The hold to pin.
        hold: HoldId,
    },
    /// Turns a hold into a sale.
    Confirm {
        /// The hold to confirm.
        hold: HoldId,
    },
    /// Releases a hold's units, also sold ones. For an unknown hold it leaves a tombstone, which refuses the
    /// hold if it arrives late.
    Release {
        /// The hold to release.
        hold: HoldId,
    },
    /// Replaces a hold's named seats and restarts its expiry. All or nothing: if one seat can't be had, the old
    /// ones stay.
    ChangeSeats(SeatChange),
    /// Takes units without a hold, or gives such units back.
    Adjust {
        /// Makes the command idempotent.
        id: Uuid,
        /// The pool to adjust.
        pool: PoolId,
        /// How many units to move.
        units: Units,
        /// Whether units are taken or given back.
        direction: Direction,
    },
}

impl Command {
    /// The pools that the command itself names; not those of a hold that it names.
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

    /// The id of an adjustment; `None` for other commands.
    #[must_use]
    pub fn adjustment(&self) -> Option<Uuid> {
        match self {
            Self::Adjust { id, .. } => Some(*id),
            _ => None,
        }
    }
}

/// Whether a command may have come before.
#[derive(Clone, Copy)]
pub(crate) enum Origin {
    /// Its id was just made.
    New,
    /// Its id came from outside.
    MaybeRetry,
}

/// The direction of an adjustment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From free to sold.
    Take,
    /// From sold to free; never more than adjustments took.
    GiveBack,
}

/// A pool to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPool {
    /// Chosen by the caller.
    pub id: PoolId,
    /// What its units are: a part of the gate's key, such as `flight_seats`.
    pub kind: String,
    /// Total units, zero or more.
    pub capacity: i32,
    /// How many of them are sold from the start, as if by adjustments.
    pub already_sold: i32,
    /// The seat map, with as many seats as the capacity; `None` if units have no names.
    pub layout: Option<SeatLayout>,
    /// When what is sold begins; sales close some time before. `None`: they don't close by themselves.
    pub starts_at: Option<Timestamp>,
}

/// A change of a pool; `None` leaves a property unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolChange {
    /// The pool to change.
    pub pool: PoolId,
    /// The new capacity, zero or more; never below held plus sold.
    pub capacity: Option<i32>,
    /// The new start, which decides when sales close. `Some(None)` removes it, and sales no longer close by
    /// themselves.
    pub starts_at: Option<Option<Timestamp>>,
    /// Whether to close sales.
    pub closes: bool,
    /// Whether to refuse the change if any units are held or sold.
    pub only_unsold: bool,
}

impl PoolChange {
    /// A change of nothing, to be filled in.
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
    /// A sale at once: there is nothing to pay.
    Sold,
}

/// Units, and named seats, of one pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegRequest {
    /// Each pool at most once in a hold.
    pub pool: PoolId,
    /// How many units to take.
    pub units: Units,
    /// As many seats as units; empty for any seats.
    pub seats: Vec<SeatNumber>,
}

/// A request for units of one or more pools for one owner, all or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldCommand {
    id: HoldId,
    owner: String,
    legs: Vec<LegRequest>,
    until: Until,
    /// The only pool to ask the gate about; `None`: all of them.
    gated: Option<PoolId>,
}

/// Why a hold request is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedHold {
    /// No legs, or too many.
    #[error("a hold has 1 to {HOLD_LEGS_MAX} legs")]
    LegCount,
    /// Two legs name the same pool.
    #[error("a hold names each flight or pool once")]
    RepeatedPool,
    /// A seat is named twice.
    #[error("a hold names each seat once")]
    RepeatedSeat,
    /// A leg names seats, but not as many as units.
    #[error("a leg has as many seats as units")]
    SeatCount,
}

impl HoldCommand {
    /// Checks the form of a request.
    ///
    /// # Errors
    /// When it has no legs or too many, or names a pool or seat twice, or not as many seats as units.
    pub fn new(
        id: HoldId,
        owner: String,
        legs: Vec<LegRequest>,
        until: Until,
    ) -> Result<Self, MalformedHold> {
        if legs.is_empty() || legs.len() > HOLD_LEGS_MAX {
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

    /// Asks the gate about this pool alone. For holds whose other pools are too rarely in demand to be worth a
    /// copy, and whose refusal must be told apart from this pool's.
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

    /// The hold's id, chosen by the caller; makes the command idempotent.
    #[must_use]
    pub fn id(&self) -> HoldId {
        self.id
    }

    /// Whom the units are for.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// At least one; each pool once.
    #[must_use]
    pub fn legs(&self) -> &[LegRequest] {
        &self.legs
    }

    /// How long the hold lasts.
    #[must_use]
    pub fn until(&self) -> Until {
        self.until
    }

    /// A digest of the whole request. The same id with another digest is another request.
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
        // 16 bytes are enough to tell requests under one random id apart.
        digest.finalize().iter().take(16).copied().collect()
    }
}

/// A request for other seats of a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatChange {
    hold: HoldId,
    seats: BTreeMap<PoolId, Vec<SeatNumber>>,
    until: Timestamp,
    number: i64,
}

/// Why a seat change is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedSeatChange {
    /// No legs, or too many.
    #[error("a hold has 1 to {HOLD_LEGS_MAX} legs")]
    LegCount,
    /// Two legs name the same pool.
    #[error("a change names each flight or pool once")]
    RepeatedPool,
    /// The leg at this index names no seat.
    #[error("must name a seat")]
    NoSeats(usize),
    /// The leg at this index names a seat twice.
    #[error("names a seat twice")]
    RepeatedSeat(usize),
    /// Changes are numbered from 1.
    #[error("must be 1 or more")]
    Number,
}

impl SeatChange {
    /// Checks the form of a change: the new seats in each of the hold's pools, and the new expiry.
    ///
    /// # Errors
    /// When it names no pool or too many, a pool or seat twice, or no seats of a pool, or its number is below
    /// 1.
    pub fn new(
        hold: HoldId,
        legs: Vec<(PoolId, Vec<SeatNumber>)>,
        until: Timestamp,
        number: i64,
    ) -> Result<Self, MalformedSeatChange> {
        if number < 1 {
            return Err(MalformedSeatChange::Number);
        }
        if legs.is_empty() || legs.len() > HOLD_LEGS_MAX {
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

    /// The hold to change.
    #[must_use]
    pub fn hold(&self) -> HoldId {
        self.hold
    }

    /// The new seats by pool.
    #[must_use]
    pub fn seats(&self) -> &BTreeMap<PoolId, Vec<SeatNumber>> {
        &self.seats
    }

    /// The new expiry.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// Rises with each change of this hold, from 1; a late change with a lower number is refused. A refused
    /// change uses its number up.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.number
    }
}

/// Whether any seat is named twice.
fn has_repeated(seats: &[SeatNumber]) -> bool {
    let mut sorted = seats.to_vec();
    sorted.sort_unstable();
    sorted
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a == b))
}
