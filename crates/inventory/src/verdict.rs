//! The answers of the inventory.

use domain::{HoldId, HoldStatus, PoolId, RefusalCode};
use jiff::Timestamp;

use crate::state::{Hold, HoldLeg};

/// The answer to a command. A refusal is final for this command.
pub type Verdict = Result<Accepted, Refusal>;

/// The result of an accepted command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// A pool was created, resized or closed; its count afterwards.
    Pool(PoolCount),
    /// A hold was created, changed or ended; its state afterwards.
    Hold(HoldView),
    /// Units were taken or given back without a hold.
    Adjusted(Adjusted),
}

impl Accepted {
    /// Whether this replays an earlier answer.
    #[must_use]
    pub fn is_replayed(&self) -> bool {
        match self {
            Self::Pool(_) => false,
            Self::Hold(view) => view.replayed,
            Self::Adjusted(adjusted) => adjusted.replayed,
        }
    }
}

/// A recorded adjustment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adjusted {
    /// The pool's free units right after.
    pub free_after: i32,
    /// Time of the batch.
    pub applied_at: Timestamp,
    /// Whether this replays an earlier answer.
    pub replayed: bool,
}

/// The state of a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldView {
    /// Chosen by its owner.
    pub id: HoldId,
    /// Whom the units are for; empty in a tombstone.
    pub owner: String,
    /// Held, sold, released, expired or refused.
    pub status: HoldStatus,
    /// Its pools, units and seats; empty if it was refused or is a tombstone.
    pub legs: Vec<HoldLeg>,
    /// When it expires; `None` if it can't.
    pub expires_at: Option<Timestamp>,
    /// Whether this replays an earlier answer.
    pub replayed: bool,
}

impl HoldView {
    pub(crate) fn of(id: HoldId, hold: &Hold, replayed: bool) -> Self {
        Self {
            id,
            owner: hold.owner.clone(),
            status: hold.status,
            legs: hold.legs.clone(),
            expires_at: hold.expires_at,
            replayed,
        }
    }
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

/// Why a command was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// There is no pool with this id.
    #[error("there is no such pool")]
    UnknownPool,
    /// There is no hold with this id.
    #[error("there is no such hold")]
    UnknownHold,
    /// A pool with this id and other properties exists already.
    #[error("there is already another pool with this id")]
    PoolExists,
    /// Not enough units are free.
    #[error("not enough units are free")]
    SoldOut,
    /// A named seat belongs to another hold.
    #[error("a seat is taken")]
    SeatTaken,
    /// A named seat is not in the seat map, or the pool has none.
    #[error("the seat map does not have this seat")]
    NoSuchSeat,
    /// The pool's sales are closed.
    #[error("sales are closed")]
    SalesClosed,
    /// The id was used before for another request.
    #[error("this id was used before with another request")]
    IdReused,
    /// The hold was released, perhaps before it arrived.
    #[error("the hold was released")]
    HoldReleased,
    /// The hold expired.
    #[error("the hold expired")]
    HoldExpired,
    /// The hold was refused when it was requested.
    #[error("the hold was refused")]
    HoldRefused,
    /// A seat change names other pools than the hold's.
    #[error("a change names the flights or pools of the hold, each once")]
    OtherPools,
    /// The hold is pinned, so its seats can't change.
    #[error("the hold is pinned")]
    HoldPinned,
    /// The hold is sold, so its seats can't change.
    #[error("the hold is sold")]
    HoldSold,
    /// A later seat change was decided first.
    #[error("a later change came first")]
    Superseded,
    /// More units would be given back than adjustments took.
    #[error("more would be given back than was taken")]
    NotTaken,
    /// The capacity would be below held plus sold, or would not fit the seat map.
    #[error("the capacity can't be changed to this")]
    CapacityInUse,
}

impl Refusal {
    /// All variants, to read recorded codes back, and for tests.
    pub const ALL: [Self; 17] = [
        Self::UnknownPool,
        Self::UnknownHold,
        Self::PoolExists,
        Self::SoldOut,
        Self::SeatTaken,
        Self::NoSuchSeat,
        Self::SalesClosed,
        Self::IdReused,
        Self::HoldReleased,
        Self::HoldExpired,
        Self::HoldRefused,
        Self::OtherPools,
        Self::HoldPinned,
        Self::HoldSold,
        Self::Superseded,
        Self::NotTaken,
        Self::CapacityInUse,
    ];

    /// The stable code that is recorded and sent to clients.
    #[must_use]
    pub fn code(self) -> RefusalCode {
        match self {
            Self::UnknownPool => RefusalCode::UnknownPool,
            Self::UnknownHold => RefusalCode::UnknownHold,
            Self::PoolExists => RefusalCode::PoolExists,
            Self::SoldOut => RefusalCode::SoldOut,
            Self::SeatTaken => RefusalCode::SeatTaken,
            Self::NoSuchSeat => RefusalCode::NoSuchSeat,
            Self::SalesClosed => RefusalCode::SalesClosed,
            Self::IdReused => RefusalCode::IdempotencyKeyReused,
            Self::HoldReleased => RefusalCode::HoldReleased,
            Self::HoldExpired => RefusalCode::HoldExpired,
            Self::HoldRefused => RefusalCode::HoldRefused,
            Self::OtherPools => RefusalCode::OtherPools,
            Self::HoldPinned => RefusalCode::HoldPinned,
            Self::HoldSold => RefusalCode::HoldSold,
            Self::Superseded => RefusalCode::Superseded,
            Self::NotTaken => RefusalCode::NotTaken,
            Self::CapacityInUse => RefusalCode::CapacityInUse,
        }
    }

    /// The refusal with this code; `None` if this version does not know it.
    #[must_use]
    pub fn from_code(code: &RefusalCode) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|refusal| refusal.code() == *code)
    }
}

/// Why a command was not carried out. Unless it was refused there is no verdict: the command may be retried, and its id
/// keeps it from acting twice.
#[derive(Clone, Debug, thiserror::Error)]
pub enum InventoryError {
    /// The command was decided, and refused: final.
    #[error(transparent)]
    Refused(Refusal),
    /// The queue is full, or the command waited too long.
    #[error("the inventory is overloaded")]
    Busy,
    /// The database can't be reached or does not answer now.
    #[error("the database can't answer now: {0}")]
    Unavailable(String),
    /// A constraint on the caller's own rows refused them, and nothing was done. Has the constraint's name.
    #[error("{0} refuses this")]
    Conflict(String),
    /// A bug: the database refused the command for a reason that `decide` should have found.
    #[error("the command can't be stored: {0}")]
    Broken(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_a_code_of_its_own() {
        for refusal in Refusal::ALL {
            assert_eq!(Refusal::from_code(&refusal.code()), Some(refusal));
        }
        assert_eq!(Refusal::from_code(&"something else".into()), None);
    }
}
