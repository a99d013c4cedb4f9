//! The total order of itineraries: every query has exactly one correct answer.

use std::fmt;
use std::str::FromStr;

use domain::Invalid;

use crate::cursor::SortKey;
use crate::itinerary::Legs;

/// What to minimize first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// By price, then duration, then departure, then the legs' flight ids in order. Prices compare as amounts,
    /// whatever their currency: there are no exchange rates here.
    Cheapest,
    /// By duration, then price, then departure, then the legs' flight ids in order.
    Fastest,
}

impl Order {
    /// The two main keys, in this order. Applied to them, it gives back price and duration.
    pub(crate) fn keys(self, price: i64, duration_s: i64) -> (i64, i64) {
        match self {
            Self::Cheapest => (price, duration_s),
            Self::Fastest => (duration_s, price),
        }
    }
}

impl FromStr for Order {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "cheapest" => Ok(Self::Cheapest),
            "fastest" => Ok(Self::Fastest),
            _ => Err(Invalid::new("an order is cheapest or fastest")),
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Cheapest => "cheapest",
            Self::Fastest => "fastest",
        })
    }
}

/// An itinerary's sort key, and its legs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    pub keys: SortKey,
    /// Never decides a comparison: the ids in `keys` already differ.
    pub legs: Legs,
}
