//! The commands that have asked the gate and have no verdict yet, by their ids.
//!
//! The first of several that are the same may have taken the last units: the gate refuses the others, and what
//! is recorded does not know the first one yet. They wait for its verdict, which is theirs too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use crate::lookups::Id;

/// All of them. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct UnderWay(Arc<Mutex<HashMap<Id, Arc<Semaphore>>>>);

/// A command's place among them; dropped with its verdict, and those who wait for that go on.
pub(crate) struct Entry {
    all: UnderWay,
    id: Id,
}

impl UnderWay {
    /// Enters a command; none if the same one is under way already.
    pub(crate) fn enter(&self, id: Id) -> Option<Entry> {
        let mut entries = self.entries();
        if entries.contains_key(&id) {
            return None;
        }
        // It has no permits: whoever asks for one waits until it is closed.
        entries.insert(id, Arc::new(Semaphore::new(0)));
        drop(entries);
        let all = self.clone();
        Some(Entry { all, id })
    }

    /// Waits until the command with this id that was entered has its verdict.
    pub(crate) async fn wait(&self, id: Id) {
        let entry = self.entries().get(&id).cloned();
        if let Some(entry) = entry {
            // It never is granted, only closed.
            entry.acquire().await.ok();
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Id, Arc<Semaphore>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(entry) = self.all.entries().remove(&self.id) {
            entry.close();
        }
    }
}
