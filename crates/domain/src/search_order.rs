//! The total order of itineraries: every query has exactly one correct answer.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Invalid;

/// Order of the results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum SearchOrder {
    /// By price, then duration, then departure, then the legs' flight ids in order. Prices compare as amounts,
    /// whatever their currency: there are no exchange rates here.
    #[default]
    Cheapest,
    /// By duration, then price, then departure, then the legs' flight ids in order.
    Fastest,
}

impl SearchOrder {
    /// The two main sort keys, in this order. Applied to its own result, it returns price and duration.
    #[must_use]
    pub fn keys(self, price: i64, duration_s: i64) -> (i64, i64) {
        match self {
            Self::Cheapest => (price, duration_s),
            Self::Fastest => (duration_s, price),
        }
    }

    /// The value in queries and cursors.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cheapest => "cheapest",
            Self::Fastest => "fastest",
        }
    }
}

impl FromStr for SearchOrder {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "cheapest" => Ok(Self::Cheapest),
            "fastest" => Ok(Self::Fastest),
            _ => Err(Invalid::new("an order is cheapest or fastest")),
        }
    }
}

impl fmt::Display for SearchOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
