//! What a search answer depends on, and whether it is still exact.
//!
//! A cached answer may be sent only while a new search would give the same, to the last free seat. It depends
//! on a version of the schedule, on the counts of the flights that were examined, and on the time. Counts of
//! other flights don't matter.

use std::collections::BTreeMap;

use domain::Units;
use domain::sale_rules::SalesPolicy;
use itinerary::FlightSlot;
use jiff::Timestamp;

use crate::app::live::VersionStamp;
use crate::app::schedule::{Edition, Schedule};

/// Checks whether flights can be sold, and records what it examined.
pub struct Observer<'a> {
    schedule: &'a Schedule,
    sales: SalesPolicy,
    seats: Units,
    now: Timestamp,
    seen: BTreeMap<FlightSlot, VersionStamp>,
    until: Timestamp,
}

/// The dependencies of an answer.
#[derive(Debug)]
pub struct CacheValidators {
    schedule: Edition,
    counts: Box<[(FlightSlot, VersionStamp)]>,
    /// When the first of the flights goes off sale.
    until: Timestamp,
}

impl<'a> Observer<'a> {
    /// Examines flights at this time, for this many seats.
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

    /// Whether a flight is on sale with enough free seats.
    pub fn is_open(&mut self, slot: FlightSlot) -> bool {
        if !self.schedule.is_on_sale(slot, self.sales, self.now) {
            // Permanent within a schedule, so nothing to record.
            return false;
        }
        if let Some(closes_at) = self.schedule.closes_at(slot, self.sales) {
            self.until = self.until.min(closes_at);
        }
        // The first count is recorded: if it changes before the answer is built, the answer is stale.
        let stamp = self.schedule.stamp(slot);
        self.seen.entry(slot).or_insert(stamp).has(self.seats)
    }

    #[must_use]
    pub fn validators(self) -> CacheValidators {
        CacheValidators {
            schedule: self.schedule.edition(),
            counts: self.seen.into_iter().collect(),
            until: self.until,
        }
    }
}

impl CacheValidators {
    /// Whether a new search would give the same answer.
    #[must_use]
    pub fn holds(&self, schedule: &Schedule, now: Timestamp) -> bool {
        schedule.edition() == self.schedule
            && now < self.until
            && self
                .counts
                .iter()
                .all(|(slot, stamp)| schedule.stamp(*slot) == *stamp)
    }

    /// Memory use in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        size_of_val(&*self.counts)
    }
}
