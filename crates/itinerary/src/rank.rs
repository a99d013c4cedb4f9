//! Where an itinerary stands among all of a search.

use crate::cursor::SortKey;
use crate::itinerary::LegSlots;

/// An itinerary's sort key, and its legs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    pub keys: SortKey,
    /// Never decides a comparison: the ids in `keys` already differ.
    pub legs: LegSlots,
}
