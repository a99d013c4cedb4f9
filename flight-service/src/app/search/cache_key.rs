//! The cache key of candidates.

use itinerary::{Filters, Query};

use crate::app::schedule::Edition;

/// Everything that determines the candidates.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey {
    schedule: Edition,
    pub(super) query: Query,
}

impl CacheKey {
    /// `query` must ask for [`CANDIDATES`](super::candidates::CANDIDATES) itineraries.
    #[must_use]
    pub fn new(schedule: Edition, query: Query) -> Self {
        Self { schedule, query }
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
