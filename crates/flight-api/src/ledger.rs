//! A flight's double entries, and the proof over all pools of a service.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// One double entry: units that moved between two accounts of a flight's pool.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LedgerEntry {
    /// The pool's version that it belongs to.
    pub version: i64,
    /// Its place within the version.
    pub line: i32,
    /// Out of this account: `issued`, `free`, `held` or `sold`.
    pub from: String,
    /// Into this one.
    pub to: String,
    /// How many units.
    pub units: i32,
    /// Why: the kind of command.
    pub reason: String,
    /// The hold or adjustment.
    pub cause: Option<Uuid>,
    /// When.
    pub entered_at: Timestamp,
}

/// The double entries of all pools, checked against their counts at one moment.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LedgerProof {
    /// Whether everything adds up.
    pub holds: bool,
    /// How many pools there are.
    pub pools: i64,
    /// All units.
    pub capacity: i64,
    /// Units that nobody has.
    pub free: i64,
    /// Units in holds.
    pub held: i64,
    /// Units sold.
    pub sold: i64,
    /// What does not add up, the first hundred.
    pub violations: Vec<LedgerViolation>,
}

/// A pool whose rows contradict each other.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LedgerViolation {
    /// The pool's id; a flight's pool has the flight's id.
    pub pool: i64,
    /// What contradicts what.
    pub what: String,
}
