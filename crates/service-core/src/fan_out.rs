//! One look for all who watch the same: somebody follows it as long as anybody watches, and tells all of them.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

type Followed<K, T> = Arc<Mutex<HashMap<K, watch::Sender<Option<T>>>>>;

/// What is watched just now, by what it is.
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

/// What one of those who watch hears: the newest, and that it is over.
pub struct Watching<T>(watch::Receiver<Option<T>>);

impl<T: Clone> Watching<T> {
    /// The newest, once it is another than what this one heard last; `None` when nothing follows any more.
    /// What came in between is left out.
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
    /// Watches what somebody else watches already, if so.
    #[must_use]
    pub fn join(&self, key: &K) -> Option<Watching<T>> {
        lock(&self.0).get(key).map(joined)
    }

    /// Watches; `follow` tells what it sees, where nobody watches yet, until it ends or nobody watches any more.
    /// Needs a runtime.
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

    /// How much is followed.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.0).len()
    }

    /// Whether nothing is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What is followed; not any more when this is dropped, however that comes about.
struct Entry<K: Eq + Hash, T> {
    key: K,
    sender: watch::Sender<Option<T>>,
    followed: Followed<K, T>,
}

impl<K: Eq + Hash, T> Entry<K, T> {
    /// Whether nobody watches any more; nobody can join then. Who joined meanwhile did so under the same lock.
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
        // Somebody else may follow the same again.
        let current = followed.get(&self.key);
        if current.is_some_and(|current| current.same_channel(&self.sender)) {
            followed.remove(&self.key);
        }
    }
}

fn joined<T>(sender: &watch::Sender<Option<T>>) -> Watching<T> {
    let mut receiver = sender.subscribe();
    // What was seen last is new to who joins.
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
        // Who comes later is told what is known.
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
