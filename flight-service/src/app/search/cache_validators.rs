//! What an answer was made from, and whether that still holds.
//!
//! An answer may be sent again only while it would be made again, to the last free seat. It was made
//! from a version of the schedule, from the counts of the flights that were looked at, and at a time.
//! Counts of other flights may change as they like.

use std::collections::BTreeMap;

use domain::Units;
use inventory::decide::SalesPolicy;
use itinerary::FlightSlot;
use jiff::Timestamp;

use crate::app::live::VersionStamp;
use crate::app::schedule::Schedule;

/// Looks whether flights can be sold, and notes what it saw.
pub struct Observer<'a> {
    schedule: &'a Schedule,
    sales: SalesPolicy,
    seats: Units,
    now: Timestamp,
    seen: BTreeMap<FlightSlot, VersionStamp>,
    until: Timestamp,
}

/// What an answer was made from.
#[derive(Debug)]
pub struct CacheValidators {
    version: i64,
    counts: Box<[(FlightSlot, VersionStamp)]>,
    /// When the first of the flights leaves the sale.
    until: Timestamp,
}

impl<'a> Observer<'a> {
    /// An observer at a time, for somebody who wants so many seats.
    #[must_use]
    pub fn new(schedule: &'a Schedule, sales: SalesPolicy, seats: Units, now: Timestamp) -> Self {
        Self {
            schedule,
            sales,
            seats,
            now,
            seen: BTreeMap::new(),
            until: Timestamp::MAX,
        }
    }

    /// Whether a flight is on sale and has the seats.
    pub fn is_open(&mut self, slot: FlightSlot) -> bool {
        if !self.schedule.is_on_sale(slot, self.sales, self.now) {
            // For good, as long as the schedule is the same.
            return false;
        }
        if let Some(closes_at) = self.schedule.closes_at(slot, self.sales) {
            self.until = self.until.min(closes_at);
        }
        // The first look counts: if the count changes before the answer is made, it is stale.
        let stamp = self.schedule.stamp(slot);
        self.seen.entry(slot).or_insert(stamp).has(self.seats)
    }

    /// What was seen.
    #[must_use]
    pub fn validators(self) -> CacheValidators {
        CacheValidators {
            version: self.schedule.version(),
            counts: self.seen.into_iter().collect(),
            until: self.until,
        }
    }
}

impl CacheValidators {
    /// Whether the answer would be made again.
    #[must_use]
    pub fn holds(&self, schedule: &Schedule, now: Timestamp) -> bool {
        schedule.version() == self.version
            && now < self.until
            && self
                .counts
                .iter()
                .all(|(slot, stamp)| schedule.stamp(*slot) == *stamp)
    }

    /// What it occupies, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        size_of_val(&*self.counts)
    }
}
