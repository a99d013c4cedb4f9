//! The answers of the inventory.

use domain::{HoldId, HoldStatus};
use jiff::Timestamp;

use crate::refusal::Refusal;
use crate::state::{Hold, HoldLeg, PoolCount};

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
