//! Bounds that searches to the same destination share.
//!
//! Bounds do not depend on the day, nor on the source if that is let through, so a later search finds
//! them made: another day of a fare calendar, another source, another page. They do depend on which
//! routes have a last leg, which is part of what they are found by.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::bounds::{Bounds, Measure};
use crate::timetable::Timetable;

/// What a timetable may take, its shared bounds included.
const BYTES_A_FLIGHT: usize = 48;

/// What shared bounds may take of that: more are seldom found again.
const SHARED_BYTES_A_FLIGHT: usize = 8;

/// Small timetables may have as many all the same: one for each measure, for a page after a page.
const LEAST_PLACES: usize = 2;

/// What tells bounds apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SharedKey {
    /// The index of the network.
    pub network: usize,
    pub destination: u16,
    pub measure: Measure,
    /// A part of every time.
    pub min_connection_s: u32,
    /// For each route to the destination whether it has a last leg.
    pub last_legs: Vec<bool>,
}

/// A place for each remainder of a key's hash; what comes later takes the place.
#[derive(Debug, Default)]
pub(crate) struct SharedBounds {
    airports: usize,
    places: Vec<ArcSwapOption<(SharedKey, Arc<Bounds>)>>,
}

impl SharedBounds {
    /// Places for a timetable that has none yet, in what it leaves free.
    pub fn new(timetable: &Timetable) -> Self {
        let airports = timetable.airports.len();
        let wanted = airports * timetable.networks.len() * Measure::COUNT;
        let free = (timetable.len() * BYTES_A_FLIGHT).saturating_sub(timetable.memory_bytes());
        let shared = free.min(timetable.len() * SHARED_BYTES_A_FLIGHT);
        let affordable = shared / Bounds::bytes(airports).max(1);
        let places = wanted.min(affordable.max(LEAST_PLACES));
        Self {
            airports,
            places: (0..places).map(|_| ArcSwapOption::empty()).collect(),
        }
    }

    /// The bounds of a key, made if they are not there.
    pub fn get_or_make(&self, key: SharedKey, make: impl FnOnce() -> Bounds) -> Arc<Bounds> {
        let Some(place) = self.places.get(self.place(&key)) else {
            return Arc::new(make());
        };
        if let Some(found) = place.load().as_deref()
            && found.0 == key
        {
            return Arc::clone(&found.1);
        }
        let bounds = Arc::new(make());
        place.store(Some(Arc::new((key, Arc::clone(&bounds)))));
        bounds
    }

    /// What the bounds occupy when all places are taken, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.places.len() * Bounds::bytes(self.airports)
    }

    /// Destinations follow one another, so that where there are places for all, no two meet.
    fn place(&self, key: &SharedKey) -> usize {
        let of_measure = key.network * Measure::COUNT + key.measure.index();
        let index = of_measure * self.airports + usize::from(key.destination);
        index.checked_rem(self.places.len()).unwrap_or_default()
    }
}
