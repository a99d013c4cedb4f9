//! A cache of bounds, shared by searches to the same destination.
//!
//! Bounds depend on neither the day nor, if paths back through the source are allowed, on the source. So later
//! searches reuse them: another day of a fare calendar, another source, another page. They do depend on which
//! routes have a usable last leg; that is part of the key.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::bounds::{Bounds, Measure};

/// Memory budget of a timetable, shared bounds included.
const BYTES_A_FLIGHT: usize = 48;

/// The part of the budget for shared bounds; more are seldom reused.
const SHARED_BYTES_A_FLIGHT: usize = 8;

/// Least number of entries, for small timetables: one per measure, so that the next page reuses them.
const LEAST_PLACES: usize = 2;

/// The cache key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SharedKey {
    /// Index of the currency's network.
    pub network: usize,
    pub destination: u16,
    pub measure: Measure,
    /// Included in every time bound.
    pub min_connection_s: u32,
    /// For each route to the destination, whether it has a usable last leg.
    pub last_legs: Vec<bool>,
}

/// A direct-mapped cache: a new entry replaces the one with the same index.
#[derive(Debug, Default)]
pub(crate) struct SharedBounds {
    airports: usize,
    places: Vec<ArcSwapOption<(SharedKey, Arc<Bounds>)>>,
}

impl SharedBounds {
    /// Sized to fit the memory budget beside the timetable.
    pub fn new(airports: usize, networks: usize, flights: usize, bytes_taken: usize) -> Self {
        let wanted = airports * networks * Measure::COUNT;
        let free = (flights * BYTES_A_FLIGHT).saturating_sub(bytes_taken);
        let shared = free.min(flights * SHARED_BYTES_A_FLIGHT);
        let affordable = shared / Bounds::bytes(airports).max(1);
        let places = wanted.min(affordable.max(LEAST_PLACES));
        Self {
            airports,
            places: (0..places).map(|_| ArcSwapOption::empty()).collect(),
        }
    }

    /// The cached bounds, or new ones, which are then cached.
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

    /// Memory when the cache is full, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.places.len() * Bounds::bytes(self.airports)
    }

    /// Consecutive destinations get consecutive indexes, so a cache large enough for all has no collisions.
    fn place(&self, key: &SharedKey) -> usize {
        let of_measure = key.network * Measure::COUNT + key.measure.index();
        let index = of_measure * self.airports + usize::from(key.destination);
        index.checked_rem(self.places.len()).unwrap_or_default()
    }
}
