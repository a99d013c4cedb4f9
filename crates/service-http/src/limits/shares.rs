//! Limits per key on what is held at once, such as connections per address; counted in memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Taken<K> = Arc<Mutex<HashMap<K, usize>>>;

/// Counts per key, with one limit for all keys.
#[derive(Debug)]
pub struct KeyedLimit<K: Eq + Hash> {
    limit: usize,
    taken: Taken<K>,
}

/// One unit of a key, returned when dropped.
#[derive(Debug)]
pub struct KeyedPermit<K: Eq + Hash> {
    of: K,
    taken: Taken<K>,
}

impl<K: Eq + Hash> Clone for KeyedLimit<K> {
    fn clone(&self) -> Self {
        Self {
            limit: self.limit,
            taken: Arc::clone(&self.taken),
        }
    }
}

impl<K: Clone + Eq + Hash> KeyedLimit<K> {
    /// At most `limit` per key.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            taken: Arc::default(),
        }
    }

    /// One more for this key; `None` at the limit.
    #[must_use]
    pub fn take(&self, of: K) -> Option<KeyedPermit<K>> {
        let mut taken = lock(&self.taken);
        let count = taken.get(&of).copied().unwrap_or_default();
        if count >= self.limit {
            return None;
        }
        taken.insert(of.clone(), count + 1);
        Some(KeyedPermit {
            of,
            taken: Arc::clone(&self.taken),
        })
    }
}

impl<K: Eq + Hash> Drop for KeyedPermit<K> {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        if let Some(count) = taken.get_mut(&self.of) {
            *count -= 1;
            // Keys without units are forgotten.
            if *count == 0 {
                taken.remove(&self.of);
            }
        }
    }
}

fn lock<K>(taken: &Mutex<HashMap<K, usize>>) -> MutexGuard<'_, HashMap<K, usize>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_so_many_and_who_has_none_is_forgotten() {
        let shares = KeyedLimit::new(2);
        let first = shares.take("asha").unwrap();
        let second = shares.take("asha").unwrap();
        assert!(shares.take("asha").is_none());
        assert!(shares.take("ben").is_some());
        drop(first);
        assert!(shares.take("asha").is_some());
        drop(second);
        assert!(lock(&shares.taken).is_empty());
    }
}
