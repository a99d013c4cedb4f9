//! What a proof says.

use domain::PoolId;
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::store::StoreError;

/// Most contradictions that are listed.
pub(super) const VIOLATIONS_MAX: usize = 100;

/// The sums over all pools, and the contradictions found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// How many pools were checked.
    pub pools: i64,
    /// Sum of capacities.
    pub capacity: i64,
    /// Sum of free units.
    pub free: i64,
    /// Sum of held units.
    pub held: i64,
    /// Sum of sold units.
    pub sold: i64,
    /// Empty if the proof holds; at most one hundred are listed.
    pub violations: Vec<Violation>,
    /// The last re-count; `None` before the first has ended.
    pub recounted: Option<Recounted>,
}

/// A re-count of all pools from the first entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recounted {
    /// When it ended.
    pub at: Timestamp,
    /// How many pools it counted.
    pub pools: i64,
}

/// A pool whose rows contradict each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The pool concerned.
    pub pool: PoolId,
    /// The contradiction, in words.
    pub what: String,
}

impl Proof {
    /// Whether there is no violation.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.violations.is_empty()
    }
}

/// A violation of a row with the columns `pool_id` and `what`.
pub(super) fn violation(row: &Row) -> Result<Violation, StoreError> {
    Ok(Violation {
        pool: PoolId(row.try_get("pool_id")?),
        what: row.try_get("what")?,
    })
}
