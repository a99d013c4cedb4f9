//! Ledger entries of a flight, and the proof over all pools of a service.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// One entry of the double-entry ledger: units moved between two accounts of a pool.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LedgerEntry {
    /// The pool's version that the entry belongs to.
    pub version: i64,
    /// Position within the version.
    pub line: i32,
    /// Source account: `issued`, `free`, `held` or `sold`.
    pub from: String,
    /// Destination account.
    pub to: String,
    /// Number of units.
    pub units: i32,
    /// The kind of command that moved them.
    pub reason: String,
    /// Id of the hold or adjustment.
    pub cause: Option<Uuid>,
    /// When it was entered.
    pub entered_at: Timestamp,
}

/// The ledger of all pools, checked against their counts in one snapshot.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LedgerProof {
    /// Whether everything adds up.
    pub holds: bool,
    /// Number of pools.
    pub pools: i64,
    /// Sum of the pools' capacities.
    pub capacity: i64,
    /// Units that are free.
    pub free: i64,
    /// Units in holds.
    pub held: i64,
    /// Units that are sold.
    pub sold: i64,
    /// The first hundred contradictions.
    pub violations: Vec<LedgerViolation>,
    /// The last re-count from the first entry; absent before the first has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recount: Option<LedgerRecount>,
}

/// A re-count of all ledgers from their first entries, which runs in the background.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct LedgerRecount {
    /// When it ended.
    pub ended_at: Timestamp,
    /// Number of pools that it counted.
    pub pools: i64,
}

/// A pool whose rows contradict each other.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LedgerViolation {
    /// Id of the pool; a flight's pool has the flight's id.
    pub pool: i64,
    /// The contradiction in words.
    pub what: String,
}
