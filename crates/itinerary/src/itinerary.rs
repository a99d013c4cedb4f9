//! What a search answers.

use domain::Money;
use domain::sale_rules::itinerary::MAX_LEGS;
use jiff::Timestamp;

use crate::timetable::FlightSlot;

/// A way from one airport to another: 1 to 4 legs in order, of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Itinerary {
    pub(crate) legs: Legs,
    /// What one seat on each leg costs together.
    pub price: Money,
    /// When the first leg departs.
    pub departs_at: Timestamp,
    /// When the last leg arrives.
    pub arrives_at: Timestamp,
}

impl Itinerary {
    /// The legs in order, as slots of the timetable that was searched; never empty.
    #[must_use]
    pub fn legs(&self) -> &[FlightSlot] {
        self.legs.as_slice()
    }

    /// How many stops there are on the way: 0 to 3.
    #[must_use]
    pub fn stops(&self) -> usize {
        self.legs().len() - 1
    }

    /// From the first departure to the last arrival, in seconds; always positive.
    #[must_use]
    pub fn duration_seconds(&self) -> i64 {
        self.arrives_at.as_second() - self.departs_at.as_second()
    }
}

/// One to four slots, inline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Legs {
    /// What is missing to four repeats the last leg.
    slots: [FlightSlot; MAX_LEGS],
    len: u8,
}

impl Legs {
    pub fn one(slot: FlightSlot) -> Self {
        Self {
            slots: [slot; MAX_LEGS],
            len: 1,
        }
    }

    /// These legs and one more. There must be fewer than four.
    pub fn then(mut self, slot: FlightSlot) -> Self {
        self.slots[usize::from(self.len)..].fill(slot);
        self.len += 1;
        self
    }

    pub fn first(&self) -> FlightSlot {
        self.slots[0]
    }

    pub fn last(&self) -> FlightSlot {
        self.slots[MAX_LEGS - 1]
    }

    pub fn as_slice(&self) -> &[FlightSlot] {
        &self.slots[..usize::from(self.len)]
    }

    /// All four places; what is missing to four repeats the last leg.
    pub fn padded(&self) -> [FlightSlot; MAX_LEGS] {
        self.slots
    }
}
