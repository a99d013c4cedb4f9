//! What makes one itinerary better than another: a total order, so that every answer is the only
//! right one.

use std::fmt;
use std::str::FromStr;

use domain::{FlightId, Invalid};

use crate::itinerary::{Legs, MAX_LEGS};

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
    /// The two main keys of the order.
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

/// An itinerary's place in the order. The order of the fields is the order of the keys.
///
/// No two itineraries of a search are equal in it, and none is the beginning of another: all end
/// at the destination, and none passes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    /// See [`Order::keys`].
    pub keys: (i64, i64),
    pub departs_s: u32,
    /// Of the legs; what is missing to four repeats the last.
    pub ids: [FlightId; MAX_LEGS],
    pub legs: Legs,
}
