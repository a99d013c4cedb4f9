//! The commands that ask the gate and have no verdict yet, by their ids (single flight).
//!
//! One of several that are the same may have taken the last units: the gate would refuse the others, and what is
//! recorded does not know the one yet. They wait for its verdict, which is theirs too.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Place;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::replay_lookup::Id;

/// All of them, each with those who wait for it. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct InFlight(Arc<Mutex<HashMap<Id, Vec<oneshot::Sender<()>>>>>);

/// A command's place among them; dropped with its verdict, and those who wait for that go on.
pub(crate) struct Entry {
    all: InFlight,
    id: Id,
}

impl InFlight {
    /// Enters a command; none if the same one is under way already.
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

    /// Waits until the command with this id that was entered has its verdict.
    pub(crate) async fn wait(&self, id: Id) {
        let verdict = self.entries().get_mut(&id).map(|waiting| {
            let (sender, receiver) = oneshot::channel();
            waiting.push(sender);
            receiver
        });
        if let Some(verdict) = verdict {
            // Nothing is ever sent: the sender goes with the entry.
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
