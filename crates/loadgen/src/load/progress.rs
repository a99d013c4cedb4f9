//! What a run has counted so far, for those who watch it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::stats::Tally;

/// How often each thread says what it has counted.
pub(super) const TOLD_EVERY: Duration = Duration::from_millis(200);

/// What a run has counted so far: each thread's tally as of a moment ago.
#[derive(Debug, Default)]
pub struct Progress(Mutex<BTreeMap<u64, Tally>>);

impl Progress {
    /// All threads together; `None` before any has said something.
    #[must_use]
    pub fn so_far(&self) -> Option<Tally> {
        let tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tallies = tallies.values();
        let mut all = tallies.next()?.clone();
        for tally in tallies {
            all.merge(tally);
        }
        Some(all)
    }

    pub(super) fn tell(&self, thread: u64, tally: &Tally) {
        let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tallies.insert(thread, tally.clone());
    }
}
