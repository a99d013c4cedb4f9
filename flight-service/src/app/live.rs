//! Live counters of free seats for search: one per flight, lock-free.

use std::sync::atomic::{AtomicU64, Ordering};

use domain::Units;
use inventory::PoolCount;

/// A flight's free seats at a version of its pool, packed into one word, so that a reader never sees one
/// without the other. Versions are compared by their last 32 bits.
#[derive(Debug)]
pub struct LiveCount(AtomicU64);

impl LiveCount {
    #[must_use]
    pub fn new(version: i64, free: i32) -> Self {
        Self(AtomicU64::new(packed(version, free)))
    }

    #[must_use]
    pub fn free(&self) -> i32 {
        unpacked_free(self.0.load(Ordering::Acquire))
    }

    /// The current count and version, for a later comparison.
    #[must_use]
    pub fn stamp(&self) -> VersionStamp {
        VersionStamp(self.0.load(Ordering::Acquire))
    }

    /// Merges another counter of the same flight; the newer version wins.
    pub fn catch_up(&self, other: &Self) {
        self.advance(other.0.load(Ordering::Acquire));
    }

    /// Applies a count, unless a newer one is known.
    pub fn update(&self, count: &PoolCount) {
        self.advance(packed(count.version, count.free));
    }

    fn advance(&self, new: u64) {
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |old| {
                is_newer(new, old).then_some(new)
            })
            .ok();
    }
}

/// A count at a version of its pool: no two counts of a flight have the same stamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VersionStamp(u64);

impl VersionStamp {
    /// Whether it had this many free seats.
    #[must_use]
    pub fn has(self, seats: Units) -> bool {
        u32::try_from(unpacked_free(self.0)).is_ok_and(|free| free >= seats.get())
    }
}

fn packed(version: i64, free: i32) -> u64 {
    let version = version.cast_unsigned() & u64::from(u32::MAX);
    (version << 32) | u64::from(free.max(0).cast_unsigned())
}

fn unpacked_free(word: u64) -> i32 {
    i32::try_from(word & u64::from(u32::MAX)).unwrap_or(i32::MAX)
}

/// Whether a version is newer, in wrap-around arithmetic.
fn is_newer(new: u64, old: u64) -> bool {
    let ahead = (new >> 32).wrapping_sub(old >> 32) & u64::from(u32::MAX);
    ahead != 0 && ahead < 1 << 31
}

#[cfg(test)]
mod tests {
    use domain::PoolId;

    use super::*;

    fn count(version: i64, free: i32) -> PoolCount {
        PoolCount {
            pool: PoolId(1),
            version,
            free,
        }
    }

    #[test]
    fn a_late_count_is_ignored() {
        let live = LiveCount::new(3, 100);
        live.update(&count(5, 90));
        live.update(&count(4, 95));
        assert_eq!(live.free(), 90);
        live.update(&count(6, 0));
        assert_eq!(live.free(), 0);
    }

    #[test]
    fn a_count_that_comes_back_has_another_stamp() {
        let live = LiveCount::new(3, 100);
        let before = live.stamp();
        live.update(&count(4, 99));
        live.update(&count(5, 100));
        assert_ne!(live.stamp(), before);
        let seats = |seats: i64| Units::try_from(seats).unwrap();
        assert!(live.stamp().has(seats(100)) && !live.stamp().has(seats(101)));
    }

    #[test]
    fn a_new_counter_catches_up_with_the_old_one() {
        let (old, new) = (LiveCount::new(7, 50), LiveCount::new(5, 60));
        new.catch_up(&old);
        assert_eq!(new.free(), 50);
        new.update(&count(8, 40));
        new.catch_up(&old);
        assert_eq!(new.free(), 40);
    }

    #[test]
    fn versions_may_wrap() {
        let live = LiveCount::new(i64::from(u32::MAX), 7);
        live.update(&count(i64::from(u32::MAX) + 1, 6));
        assert_eq!(live.free(), 6);
    }
}
