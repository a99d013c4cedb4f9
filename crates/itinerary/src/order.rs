//! What makes one itinerary better than another: a total order, so that every answer is the only
//! right one.

use std::fmt;
use std::str::FromStr;

use domain::Invalid;

use crate::cursor::SortKey;
use crate::itinerary::Legs;

/// What the best itineraries are the best at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// The least price first; then the shortest, the earliest to depart, and the least flight ids
    /// in the order of the legs. Prices compare as amounts: a currency has no rate here.
    Cheapest,
    /// The shortest first; then the least price, the earliest to depart, and the least flight ids
    /// in the order of the legs.
    Fastest,
}

impl Order {
    /// The two main keys of the order. Applied to them it gives price and duration back.
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

/// An itinerary's place among all of a search, and its legs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    pub keys: SortKey,
    /// Never compared in effect: the ids decide before.
    pub legs: Legs,
}
