//! The cache key of candidates.

use itinerary::{Filters, Query};

/// Everything that determines the candidates.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey {
    schedule_version: i64,
    pub(super) query: Query,
}

impl CacheKey {
    /// `query` must ask for [`CANDIDATES`](super::candidates::CANDIDATES) itineraries.
    #[must_use]
    pub fn new(schedule_version: i64, query: Query) -> Self {
        Self {
            schedule_version,
            query,
        }
    }

    pub(super) fn size(&self) -> usize {
        let Filters {
            airlines,
            via,
            exclude,
            ..
        } = &self.query.filters;
        size_of::<Self>() + size_of_val(&**airlines) + size_of_val(&**via) + size_of_val(&**exclude)
    }
}
