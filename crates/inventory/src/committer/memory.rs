//! What a committer keeps between batches: rows, the database's clock, and whether the last tries without locks failed.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::error::CommitError;
use crate::clock::DatabaseClock;
use crate::command::Command;
use crate::row_cache::{Knowledge, RowCache, WorkingSet};
use crate::store::{Loaded, LoadedUnlocked};

/// Most batches under locks before the next is tried without: where other replicas write to the same pools all the
/// time, one try in so many is in vain.
const LONGEST_PAUSE: u32 = 64;

/// Only one batch at a time uses it; the lock is held for moments.
#[derive(Default)]
pub(super) struct Memory(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    rows: RowCache,
    clock: Option<DatabaseClock>,
    pause: Pause,
}

/// Backoff of optimistic locking: each try that meets another replica's write doubles the number of batches that are
/// committed under locks before the next try.
#[derive(Default)]
struct Pause {
    /// Batches still to come before the next try.
    left: u32,
    /// Its length after the next failure.
    next: u32,
}

impl Memory {
    /// The time at which a batch may be decided without locks; `None` if it is to be locked: the clock has not been
    /// read yet, or other replicas write to the same pools.
    pub(super) fn optimistic_time(&self) -> Option<Timestamp> {
        let mut kept = self.kept();
        if kept.pause.left > 0 {
            kept.pause.left -= 1;
            return None;
        }
        kept.clock.map(|clock| clock.now())
    }

    /// Notes that a batch was committed without locks.
    pub(super) fn hit(&self) {
        self.kept().pause.next /= 2;
    }

    /// Notes that another replica wrote to the pools of a batch.
    pub(super) fn missed(&self) {
        let pause = &mut self.kept().pause;
        pause.next = (pause.next * 2).clamp(1, LONGEST_PAUSE);
        pause.left = pause.next;
    }

    /// Notes a reading of the clock that just arrived.
    pub(super) fn read_clock(&self, time: Timestamp) {
        self.kept().clock = Some(DatabaseClock::read(time));
    }

    /// Takes out the rows that these commands concern.
    pub(super) fn take(&self, commands: &[&Command], now: Timestamp) -> WorkingSet {
        self.kept().rows.take(commands, now)
    }

    /// Forgets the pools that these commands name.
    pub(super) fn forget(&self, commands: &[&Command]) {
        self.kept().rows.forget(commands);
    }

    /// Keeps the rows of a batch whose commit is durable.
    pub(super) fn keep(&self, set: WorkingSet) {
        self.kept().rows.put(set);
    }

    /// Adds rows that were read without locks.
    pub(super) fn merge(
        &self,
        set: &mut WorkingSet,
        loaded: LoadedUnlocked,
        now: Timestamp,
    ) -> Result<(), CommitError> {
        let rows = &mut self.kept().rows;
        let LoadedUnlocked {
            pools,
            holds,
            mut seats,
        } = loaded;
        for (id, (pool, next_expiry)) in pools {
            if next_expiry.is_some_and(|expiry| expiry <= now) {
                return Err(CommitError::NeedsLocks("a hold has lapsed".to_owned()));
            }
            let has_all_seats = pool.layout.is_none() || set.missing_pools.contains(&id);
            let knowledge = Knowledge::loaded(has_all_seats, next_expiry);
            if !rows.merge_pool(id, pool, knowledge, now, set) {
                return Err(CommitError::Stale("while it was read".to_owned()));
            }
            if let Some(seats) = seats.remove(&id) {
                set.state.seats.entry(id).or_default().extend(seats);
            }
        }
        for (id, hold) in holds {
            let mut legs = hold.legs.iter().filter(|_| hold.status.is_live());
            if legs.any(|leg| !set.pools.contains_key(&leg.pool)) {
                return Err(CommitError::NeedsLocks(
                    "a hold has just appeared".to_owned(),
                ));
            }
            set.add_hold(id, hold);
        }
        Ok(())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Loaded> for WorkingSet {
    fn from(loaded: Loaded) -> Self {
        let pools = loaded.next_expiries.into_iter();
        let pools = pools.map(|(id, next_expiry)| {
            let has_all_seats = loaded.with_all_seats.contains(&id);
            (id, Knowledge::loaded(has_all_seats, next_expiry))
        });
        Self {
            pools: pools.collect(),
            state: loaded.state,
            ..Self::default()
        }
    }
}
