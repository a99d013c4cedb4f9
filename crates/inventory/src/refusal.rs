//! Why a command was refused. A refusal is final for its command.

use domain::RefusalCode;

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
