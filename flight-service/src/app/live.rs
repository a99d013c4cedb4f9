//! Free seats as search sees them: one counter a flight, read without a lock.

use std::sync::atomic::{AtomicU64, Ordering};

use inventory::PoolCount;

/// A flight's free seats at a version of its pool. Both lie in one word, so that a reader never sees
/// the one without the other; a version is told apart by its last 32 bits.
#[derive(Debug)]
pub struct LiveCount(AtomicU64);

impl LiveCount {
    /// A counter that starts with this count.
    #[must_use]
    pub fn new(version: i64, free: i32) -> Self {
        Self(AtomicU64::new(packed(version, free)))
    }

    /// The free seats.
    #[must_use]
    pub fn free(&self) -> i32 {
        unpacked_free(self.0.load(Ordering::Acquire))
    }

    /// Takes a count over, unless a newer one is known.
    pub fn update(&self, count: &PoolCount) {
        let new = packed(count.version, count.free);
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |old| {
                is_newer(new, old).then_some(new)
            })
            .ok();
    }
}

fn packed(version: i64, free: i32) -> u64 {
    let version = version.cast_unsigned() & u64::from(u32::MAX);
    (version << 32) | u64::from(free.max(0).cast_unsigned())
}

fn unpacked_free(word: u64) -> i32 {
    i32::try_from(word & u64::from(u32::MAX)).unwrap_or(i32::MAX)
}

/// Whether the version of one word comes after that of another, also where it wrapped around.
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
    fn versions_may_wrap() {
        let live = LiveCount::new(i64::from(u32::MAX), 7);
        live.update(&count(i64::from(u32::MAX) + 1, 6));
        assert_eq!(live.free(), 6);
    }
}
