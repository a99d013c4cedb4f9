//! The work of a search.

/// Work done by a search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SearchStats {
    /// Partial and complete itineraries expanded.
    pub expanded: u64,
}
