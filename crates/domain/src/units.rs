//! Counts of seats or tickets.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Invalid;

/// A positive number of units of a pool: 1 to 1,000,000.
///
/// The upper limit keeps sums of units well within the database's integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Units(u32);

impl Units {
    /// Upper limit of a request.
    pub const MAX: u32 = 1_000_000;

    /// The smallest count.
    pub const ONE: Self = Self(1);

    /// The count as an integer.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }

    /// The number of named seats; `None` if it is zero or too large.
    #[must_use]
    pub fn of_len(len: usize) -> Option<Self> {
        i64::try_from(len).ok()?.try_into().ok()
    }
}

impl TryFrom<i64> for Units {
    type Error = Invalid;

    fn try_from(count: i64) -> Result<Self, Invalid> {
        u32::try_from(count)
            .ok()
            .filter(|count| (1..=Self::MAX).contains(count))
            .map(Self)
            .ok_or_else(|| Invalid::new(format!("must be from 1 to {}", Self::MAX)))
    }
}

impl From<Units> for i64 {
    fn from(units: Units) -> Self {
        i64::from(units.0)
    }
}

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_is_one_to_a_million() {
        for (count, good) in [
            (0, false),
            (-1, false),
            (1, true),
            (1_000_000, true),
            (1_000_001, false),
            (i64::MAX, false),
        ] {
            assert_eq!(Units::try_from(count).is_ok(), good, "{count}");
        }
    }
}
