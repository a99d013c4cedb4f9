//! What is in a flight's ledger.

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
