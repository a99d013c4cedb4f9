//! Sharded keyed locks: requests with the same idempotency key run one after the other within a process, so
//! the first does the work and the others find its result. Without them all but one would violate the key's
//! unique index, each costing the inventory a bisected batch. Across replicas only the index decides.
//! key's unique index, each costing the inventory a bisected batch. Across replicas the index decides alone.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};

/// Two keys seldom share a shard, in less than a megabyte; if they do, one waits for the other's commit.
const SHARDS: usize = 16_384;

/// Clones share the locks.
#[derive(Clone)]
pub struct KeyLocks(Arc<[Mutex<()>]>);

/// Dropping it releases the lock.
pub struct KeyLock<'a>(
    #[expect(dead_code, reason = "held, not looked at")] Option<MutexGuard<'a, ()>>,
);

impl Default for KeyLocks {
    fn default() -> Self {
        Self((0..SHARDS).map(|_| Mutex::new(())).collect())
    }
}

impl KeyLocks {
    /// Waits for the key's lock; without a key it returns at once. The wait is bounded by the request's own
    /// time limit.
    pub async fn lock(&self, key: Option<&str>) -> KeyLock<'_> {
        let shard = key.and_then(|key| {
            let mut hasher = DefaultHasher::new();
            key.hash(&mut hasher);
            let shards = u64::try_from(self.0.len()).unwrap_or(1).max(1);
            let shard = usize::try_from(hasher.finish() % shards).unwrap_or(0);
            self.0.get(shard)
        });
        match shard {
            Some(shard) => KeyLock(Some(shard.lock().await)),
            None => KeyLock(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_waits_for_its_lock_and_no_key_for_none() {
        let key_locks = KeyLocks::default();
        let first = key_locks.lock(Some("k")).await;
        drop(key_locks.lock(None).await);
        let second = key_locks.lock(Some("k"));
        tokio::pin!(second);
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(first);
        assert!(futures_util::poll!(&mut second).is_ready());
    }
}
