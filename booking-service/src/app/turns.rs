//! Requests under the same key, one after the other: of many that come at once, the first does the work and
//! the others find what it did. Without this they would all try, and each but one be refused by the key's
//! unique index, a batch of the inventory at a time. That index still decides between replicas.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};

/// Enough that two keys seldom share a place, in less than a megabyte; those that do wait for one commit.
const PLACES: usize = 16_384;

/// Whose turn it is. Clones share it.
#[derive(Clone)]
pub struct Turns(Arc<[Mutex<()>]>);

/// A turn; dropping it lets the next one in.
pub struct Turn<'a>(
    #[expect(dead_code, reason = "held, not looked at")] Option<MutexGuard<'a, ()>>,
);

impl Default for Turns {
    fn default() -> Self {
        Self((0..PLACES).map(|_| Mutex::new(())).collect())
    }
}

impl Turns {
    /// Waits for the turn of a request with this key; one without a key need not wait. The wait is bounded by
    /// the request's own time limit.
    pub async fn of(&self, key: Option<&str>) -> Turn<'_> {
        let place = key.and_then(|key| {
            let mut hasher = DefaultHasher::new();
            key.hash(&mut hasher);
            let places = u64::try_from(self.0.len()).unwrap_or(1).max(1);
            let place = usize::try_from(hasher.finish() % places).unwrap_or(0);
            self.0.get(place)
        });
        match place {
            Some(place) => Turn(Some(place.lock().await)),
            None => Turn(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_waits_for_its_turn_and_no_key_for_none() {
        let turns = Turns::default();
        let first = turns.of(Some("k")).await;
        drop(turns.of(None).await);
        let second = turns.of(Some("k"));
        tokio::pin!(second);
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(first);
        assert!(futures_util::poll!(&mut second).is_ready());
    }
}
