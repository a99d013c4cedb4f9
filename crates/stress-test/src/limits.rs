//! The limits of the capacity finder.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    pub p99_ms: f64,
    /// Failed and missed requests, in percent of all.
    pub errors_percent: f64,
}
