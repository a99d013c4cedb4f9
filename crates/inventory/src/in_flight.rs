//! Single flight: commands that asked the gate and have no verdict yet, by id.
//!
//! One of several equal commands may have taken the last units. The gate would then refuse the others, while
//! the record does not show the first yet. So they wait for its verdict, which is theirs too.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Place;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::replay_lookup::Id;

/// The commands in flight, each with its waiters. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct InFlight(Arc<Mutex<HashMap<Id, Vec<oneshot::Sender<()>>>>>);

/// A command in flight. Dropping it, with the verdict, wakes the waiters.
pub(crate) struct Entry {
    all: InFlight,
    id: Id,
}

impl InFlight {
    /// Registers a command; `None` if an equal one is in flight.
    pub(crate) fn enter(&self, id: Id) -> Option<Entry> {
        match self.entries().entry(id) {
            Place::Occupied(_) => None,
            Place::Vacant(place) => {
                place.insert(Vec::new());
                let all = self.clone();
                Some(Entry { all, id })
            }
        }
    }

    /// Waits until the command in flight with this id has its verdict.
    pub(crate) async fn wait(&self, id: Id) {
        let verdict = self.entries().get_mut(&id).map(|waiting| {
            let (sender, receiver) = oneshot::channel();
            waiting.push(sender);
            receiver
        });
        if let Some(verdict) = verdict {
            // Nothing is ever sent: the sender is dropped with the entry.
            verdict.await.ok();
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Id, Vec<oneshot::Sender<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.all.entries().remove(&self.id);
    }
}
