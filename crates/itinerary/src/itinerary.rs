//! The result of a search.

use domain::{LEGS_MAX, Money};
use jiff::Timestamp;

use crate::timetable::FlightSlot;

/// A journey between two airports: 1 to 4 legs in order, all in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Itinerary {
    pub(crate) legs: LegSlots,
    /// The price of one seat on all legs.
    pub price: Money,
    /// Departure of the first leg.
    pub departs_at: Timestamp,
    /// Arrival of the last leg.
    pub arrives_at: Timestamp,
}

impl Itinerary {
    /// The legs in order, as slots of the searched timetable; never empty.
    #[must_use]
    pub fn legs(&self) -> &[FlightSlot] {
        self.legs.as_slice()
    }

    /// 0 to 3.
    #[must_use]
    pub fn stops(&self) -> usize {
        self.legs().len() - 1
    }

    /// First departure to last arrival, in seconds; always positive.
    #[must_use]
    pub fn duration_seconds(&self) -> i64 {
        self.arrives_at.as_second() - self.departs_at.as_second()
    }
}

/// One to four slots, stored inline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LegSlots {
    /// Unused entries repeat the last leg.
    slots: [FlightSlot; LEGS_MAX],
    len: u8,
}

impl LegSlots {
    pub fn one(slot: FlightSlot) -> Self {
        Self {
            slots: [slot; LEGS_MAX],
            len: 1,
        }
    }

    /// Appends a leg; there must be fewer than four.
    pub fn then(mut self, slot: FlightSlot) -> Self {
        self.slots[usize::from(self.len)..].fill(slot);
        self.len += 1;
        self
    }

    pub fn first(&self) -> FlightSlot {
        self.slots[0]
    }

    pub fn last(&self) -> FlightSlot {
        self.slots[LEGS_MAX - 1]
    }

    pub fn as_slice(&self) -> &[FlightSlot] {
        &self.slots[..usize::from(self.len)]
    }

    /// All four entries; unused ones repeat the last leg.
    pub fn padded(&self) -> [FlightSlot; LEGS_MAX] {
        self.slots
    }
}
