//! The counts of a run while it goes on.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::stats::Tally;

/// How often each thread publishes its tally.
pub(super) const PUBLISH_INTERVAL: Duration = Duration::from_millis(200);

/// Each thread's tally, at most `PUBLISH_INTERVAL` old.
#[derive(Debug, Default)]
pub struct Progress(Mutex<BTreeMap<u64, Tally>>);

impl Progress {
    /// All threads' tallies merged; `None` before the first was published.
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
