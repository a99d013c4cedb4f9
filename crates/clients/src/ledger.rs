//! The proof of a service's pools, which flight-service and booking-service both answer.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
