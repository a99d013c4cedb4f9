//! What the inventory answers.

use domain::{HoldId, HoldStatus, PoolId, RefusalCode};
use jiff::Timestamp;

use crate::state::{Hold, HoldLeg};

/// The answer to one command: accepted, or refused by name. A refusal is final for this command.
pub type Verdict = Result<Accepted, Refusal>;

/// An accepted command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// A pool was made, resized or closed: its counts now.
    Pool(PoolCount),
    /// A hold was made, changed or ended: how it stands now.
    Hold(HoldView),
    /// Units were taken or given back.
    Adjusted(Adjusted),
}

impl Accepted {
    /// Whether this repeats an earlier answer.
    #[must_use]
    pub fn is_replayed(&self) -> bool {
        match self {
            Self::Pool(_) => false,
            Self::Hold(view) => view.replayed,
            Self::Adjusted(adjusted) => adjusted.replayed,
        }
    }
}

/// An adjustment that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adjusted {
    /// The pool's free units right after.
    pub free_after: i32,
    /// When.
    pub applied_at: Timestamp,
    /// Whether this repeats an earlier answer.
    pub replayed: bool,
}

/// A hold as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldView {
    /// Its id.
    pub id: HoldId,
    /// For whom.
    pub owner: String,
    /// Where it stands.
    pub status: HoldStatus,
    /// Its pools, units and seats.
    pub legs: Vec<HoldLeg>,
    /// When it lapses; `None` while only its owner may end it.
    pub expires_at: Option<Timestamp>,
    /// Whether this repeats an earlier answer.
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
    /// The pool.
    pub pool: PoolId,
    /// Rises with each change.
    pub version: i64,
    /// The free units then.
    pub free: i32,
}

/// Why a command was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// No such pool.
    #[error("there is no such pool")]
    UnknownPool,
    /// No such hold.
    #[error("there is no such hold")]
    UnknownHold,
    /// A pool with this id and other properties is there already.
    #[error("there is already another pool with this id")]
    PoolExists,
    /// Not enough free units.
    #[error("not enough units are free")]
    SoldOut,
    /// A named seat belongs to another hold.
    #[error("a seat is taken")]
    SeatTaken,
    /// A named seat is not in the seat map, or the pool has none.
    #[error("the seat map does not have this seat")]
    NoSuchSeat,
    /// The pool no longer sells.
    #[error("sales are closed")]
    SalesClosed,
    /// The same id came before with another request.
    #[error("this id was used before with another request")]
    IdReused,
    /// The hold was released, perhaps before it arrived.
    #[error("the hold was released")]
    HoldReleased,
    /// The hold lapsed.
    #[error("the hold expired")]
    HoldExpired,
    /// The hold was refused when it was asked for.
    #[error("the hold was refused")]
    HoldRefused,
    /// A seat change names other pools than the hold's.
    #[error("a change names the flights or pools of the hold, each once")]
    OtherPools,
    /// The hold is pinned, so its seats can't change.
    #[error("the hold is pinned")]
    HoldPinned,
    /// The hold is already sold, so its seats can't change.
    #[error("the hold is sold")]
    HoldSold,
    /// A later seat change came first.
    #[error("a later change came first")]
    Superseded,
    /// More units would be given back than were taken this way.
    #[error("more would be given back than was taken")]
    NotTaken,
    /// The capacity would be below what is held and sold, or not fit the seat map.
    #[error("the capacity can't be changed to this")]
    CapacityInUse,
}

impl Refusal {
    /// Every refusal, for tests and for reading recorded codes back.
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

    /// The stable code, as it is recorded and answered.
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

    /// The refusal with this code.
    #[must_use]
    pub fn from_code(code: &RefusalCode) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|refusal| refusal.code() == *code)
    }
}

/// Why there is no verdict. The command may be tried again; its id keeps it from acting twice.
#[derive(Clone, Debug, thiserror::Error)]
pub enum InventoryError {
    /// Too much is waiting, or the command waited too long.
    #[error("the inventory has too much to do")]
    Busy,
    /// The database can't be reached or can't answer now.
    #[error("the database can't answer now: {0}")]
    Unavailable(String),
    /// A constraint of the caller's own rows refused them; nothing was done. The constraint's name.
    #[error("{0} refuses this")]
    Conflict(String),
    /// The database refused the command for a reason that `decide` should have seen: a bug.
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
