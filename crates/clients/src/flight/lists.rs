//! Pages of lists, and what is in a ledger.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A page of a list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub data: Vec<T>,
    /// How to go on.
    pub meta: PageMeta,
}

/// How to go on in a list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PageMeta {
    /// For the page after this one; none where this is the last.
    pub after: Option<String>,
    /// For the page before this one; none where this is the first.
    pub before: Option<String>,
    /// How many rows a page has at most.
    pub limit: i64,
}

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
