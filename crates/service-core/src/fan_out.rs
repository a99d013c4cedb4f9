//! Single flight for subscriptions: one task follows a key while anybody watches it, and tells every watcher.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

type Followed<K, T> = Arc<Mutex<HashMap<K, watch::Sender<Option<T>>>>>;

/// The keys that are followed just now.
pub struct FanOut<K: Eq + Hash, T>(Followed<K, T>);

impl<K: Eq + Hash, T> Default for FanOut<K, T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash, T> Clone for FanOut<K, T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// One watcher's end: receives the newest value, and the end.
pub struct Watching<T>(watch::Receiver<Option<T>>);

impl<T: Clone> Watching<T> {
    /// Waits for a value newer than the last one received, and skips those in between. `None` once nothing
    /// follows the key any more.
    pub async fn next(&mut self) -> Option<T> {
        loop {
            self.0.changed().await.ok()?;
            let newest = self.0.borrow_and_update().clone();
            if newest.is_some() {
                return newest;
            }
        }
    }
}

impl<K, T> FanOut<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Send + Sync + 'static,
{
    /// Joins if somebody watches the key already.
    #[must_use]
    pub fn join(&self, key: &K) -> Option<Watching<T>> {
        lock(&self.0).get(key).map(joined)
    }

    /// Watches a key. If nobody watches it yet, spawns `follow`, which sends values until it ends or the last
    /// watcher has gone. Needs a Tokio runtime.
    pub fn watch<F, Fut>(&self, key: K, follow: F) -> Watching<T>
    where
        F: FnOnce(watch::Sender<Option<T>>) -> Fut,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let mut followed = lock(&self.0);
        if let Some(sender) = followed.get(&key) {
            return joined(sender);
        }
        let (sender, receiver) = watch::channel(None);
        followed.insert(key.clone(), sender.clone());
        let entry = Entry {
            key,
            sender: sender.clone(),
            followed: Arc::clone(&self.0),
        };
        let following = follow(sender.clone());
        tokio::spawn(async move {
            let mut following = pin!(following);
            loop {
                tokio::select! {
                    () = &mut following => return,
                    () = sender.closed() => {
                        if entry.end_if_unwatched() {
                            return;
                        }
                    }
                }
            }
        });
        Watching(receiver)
    }

    /// How many keys are followed.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.0).len()
    }

    /// Whether no key is followed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A followed key; dropping it removes the key, also after a panic.
struct Entry<K: Eq + Hash, T> {
    key: K,
    sender: watch::Sender<Option<T>>,
    followed: Followed<K, T>,
}

impl<K: Eq + Hash, T> Entry<K, T> {
    /// Removes the key if nobody watches it. Joining takes the same lock, so no watcher is lost.
    fn end_if_unwatched(&self) -> bool {
        let mut followed = lock(&self.followed);
        let is_unwatched = self.sender.receiver_count() == 0;
        if is_unwatched {
            followed.remove(&self.key);
        }
        is_unwatched
    }
}

impl<K: Eq + Hash, T> Drop for Entry<K, T> {
    fn drop(&mut self) {
        let mut followed = lock(&self.followed);
        // Another task may follow the same key by now.
        let current = followed.get(&self.key);
        if current.is_some_and(|current| current.same_channel(&self.sender)) {
            followed.remove(&self.key);
        }
    }
}

fn joined<T>(sender: &watch::Sender<Option<T>>) -> Watching<T> {
    let mut receiver = sender.subscribe();
    // A new watcher gets the current value at once.
    receiver.mark_changed();
    Watching(receiver)
}

fn lock<K, T>(
    followed: &Mutex<HashMap<K, watch::Sender<Option<T>>>>,
) -> MutexGuard<'_, HashMap<K, watch::Sender<Option<T>>>> {
    followed.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn one_follows_for_all_who_watch_and_ends_with_the_last() {
        let fan_out: FanOut<u8, usize> = FanOut::default();
        let followers = Arc::new(AtomicUsize::new(0));
        let (news, told) = mpsc::unbounded_channel();
        let mut told = Some(told);
        let mut watch = || {
            fan_out.watch(7, |tell| {
                followers.fetch_add(1, Ordering::Relaxed);
                let mut told = told.take().unwrap();
                async move {
                    while let Some(news) = told.recv().await {
                        tell.send_replace(Some(news));
                    }
                }
            })
        };
        let (mut first, mut second) = (watch(), watch());
        news.send(1).unwrap();
        assert_eq!(
            (first.next().await, second.next().await),
            (Some(1), Some(1))
        );
        // A late watcher gets the current value.
        let mut third = fan_out.join(&7).unwrap();
        assert_eq!(third.next().await, Some(1));
        assert_eq!(followers.load(Ordering::Relaxed), 1);
        drop((first, second, third));
        while !fan_out.is_empty() {
            tokio::task::yield_now().await;
        }
        assert!(news.is_closed(), "somebody follows what nobody watches");
    }

    #[tokio::test]
    async fn those_who_watch_hear_the_end_even_of_a_panic() {
        let fan_out: FanOut<u8, u8> = FanOut::default();
        let mut watching = fan_out.watch(7, async |_| {
            assert!(std::hint::black_box(false), "a bug");
        });
        assert_eq!(watching.next().await, None);
        let mut again = fan_out.watch(7, async |tell| {
            tell.send_replace(Some(1));
        });
        assert_eq!(again.next().await, Some(1));
        assert_eq!(again.next().await, None);
    }
}
