//! The rows that the last batches concerned, for those that come next.
//!
//! A batch takes its rows out of the cache, and puts them back, changed, when its commit is durable: whatever else
//! happens to it, they are gone. So the cache has committed rows only. They may be out of date where another replica
//! wrote since; the version of their pool tells. Whatever changes of a pool, its holds, seats and expiries raises its
//! version, and a batch commits only if the versions are still those in the database (optimistic locking).

mod generations;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use domain::{HoldId, HoldStatus, PoolId};
use jiff::Timestamp;

use crate::command::Command;
use crate::state::{Hold, Pool, State, TakenSeats};
use generations::Generations;

/// Most cached rows: pools with their taken seats, and holds. About 300 bytes each, so 20 MB of each at most: a few
/// minutes of holds that wait for their payment, or the seats of a hundred large aircraft.
const ROWS_LIMIT: usize = 65_536;

/// Pools with their seats, and the holds on them that are neither sold nor over: a sale is seldom named again.
pub(crate) struct RowCache {
    pools: Generations<PoolId, CachedPool>,
    holds: Generations<HoldId, CachedHold>,
    /// Rises with each batch that is put back.
    batch: u64,
}

struct CachedPool {
    pool: Pool,
    /// `None` if not all of them are known.
    seats: Option<TakenSeats>,
    next_expiry: Option<Timestamp>,
    since: u64,
}

struct CachedHold {
    hold: Hold,
    /// The batch that put it here. It is valid if all of its pools have been known since then or longer.
    batch: u64,
}

/// The rows of a batch and what is known about them.
#[derive(Default)]
pub(crate) struct WorkingSet {
    /// The rows, for the decision.
    pub(crate) state: State,
    /// What is known about each of the pools.
    pub(crate) pools: BTreeMap<PoolId, Knowledge>,
    /// Pools that commands name, and that have to be loaded.
    pub(crate) missing_pools: BTreeSet<PoolId>,
    /// Holds that commands name, and that have to be loaded.
    pub(crate) missing_holds: BTreeSet<HoldId>,
}

impl WorkingSet {
    /// Whether nothing has to be loaded.
    pub(crate) fn is_complete(&self) -> bool {
        self.missing_pools.is_empty() && self.missing_holds.is_empty()
    }

    /// Adds a hold whose pools are in the set. Where not all seats are known, its own are.
    pub(crate) fn add_hold(&mut self, id: HoldId, hold: Hold) {
        for leg in hold.legs.iter().filter(|_| hold.status.is_live()) {
            if !leg.seats.is_empty() {
                let taken = self.state.seats.entry(leg.pool).or_default();
                taken.extend(leg.seats.iter().map(|seat| (*seat, id)));
            }
        }
        self.state.holds.insert(id, hold);
    }
}

/// What is known about a pool besides its row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Knowledge {
    /// Whether all of its taken seats are known.
    pub(crate) has_all_seats: bool,
    /// No hold on it lapses before this time. `None`: no hold on it lapses.
    pub(crate) next_expiry: Option<Timestamp>,
    /// Since which batch its holds are known; `None`: since this one.
    since: Option<u64>,
}

impl Knowledge {
    pub(crate) fn loaded(has_all_seats: bool, next_expiry: Option<Timestamp>) -> Self {
        Self {
            has_all_seats,
            next_expiry,
            since: None,
        }
    }
}

impl CachedPool {
    /// Whether a hold on it may have lapsed.
    fn is_due(&self, now: Timestamp) -> bool {
        self.next_expiry.is_some_and(|expiry| expiry <= now)
    }
}

impl Default for RowCache {
    fn default() -> Self {
        Self {
            pools: Generations::new(ROWS_LIMIT, |cached: &CachedPool| {
                1 + cached.seats.as_ref().map_or(0, TakenSeats::len)
            }),
            holds: Generations::new(ROWS_LIMIT, |_| 1),
            batch: 0,
        }
    }
}

impl RowCache {
    /// Takes the rows that these commands concern out of the cache. A hold that is requested counts as new; if it is
    /// not, its insert will fail.
    pub(crate) fn take(&mut self, commands: &[&Command], now: Timestamp) -> WorkingSet {
        let mut set = WorkingSet::default();
        for pool in commands.iter().flat_map(|command| command.pools()) {
            if !set.pools.contains_key(&pool) && !self.take_pool(pool, true, now, &mut set) {
                set.missing_pools.insert(pool);
            }
        }
        for command in commands {
            let Some(hold) = command.hold() else { continue };
            let is_known =
                set.state.holds.contains_key(&hold) || self.take_hold(hold, now, &mut set);
            if !is_known && !matches!(command, Command::Hold(_)) {
                set.missing_holds.insert(hold);
            }
        }
        set
    }

    /// Moves a pool into the set if it can be used. One that can't is forgotten, with the holds on it.
    fn take_pool(
        &mut self,
        id: PoolId,
        needs_seats: bool,
        now: Timestamp,
        set: &mut WorkingSet,
    ) -> bool {
        let Some(cached) = self.pools.take(&id) else {
            return false;
        };
        if cached.is_due(now) || (needs_seats && cached.seats.is_none()) {
            return false;
        }
        let knowledge = Knowledge {
            has_all_seats: cached.seats.is_some(),
            next_expiry: cached.next_expiry,
            since: Some(cached.since),
        };
        set.pools.insert(id, knowledge);
        set.state.pools.insert(id, cached.pool);
        set.state.seats.insert(id, cached.seats.unwrap_or_default());
        true
    }

    /// Moves a hold and its pools into the set, if all of them have been known since it was put here.
    fn take_hold(&mut self, id: HoldId, now: Timestamp, set: &mut WorkingSet) -> bool {
        let Some(CachedHold { hold, batch }) = self.holds.take(&id) else {
            return false;
        };
        for leg in &hold.legs {
            if !set.pools.contains_key(&leg.pool) && !self.take_pool(leg.pool, false, now, set) {
                return false;
            }
            let known = set.pools.get(&leg.pool).and_then(|known| known.since);
            if known.is_none_or(|since| since > batch) {
                return false;
            }
        }
        set.add_hold(id, hold);
        true
    }

    /// Adds a loaded pool to the set. If the cache has it at the same version, it knows more. False if the set has it
    /// at another version.
    pub(crate) fn merge_pool(
        &mut self,
        id: PoolId,
        pool: Pool,
        knowledge: Knowledge,
        now: Timestamp,
        set: &mut WorkingSet,
    ) -> bool {
        if let Some(known) = set.state.pools.get(&id) {
            return known.version == pool.version;
        }
        if self
            .pools
            .get(&id)
            .is_some_and(|cached| cached.pool.version == pool.version)
            && self.take_pool(id, knowledge.has_all_seats, now, set)
        {
            return true;
        }
        self.pools.take(&id);
        set.pools.insert(id, knowledge);
        set.state.pools.insert(id, pool);
        true
    }

    /// Forgets the pools that these commands name.
    pub(crate) fn forget(&mut self, commands: &[&Command]) {
        for pool in commands.iter().flat_map(|command| command.pools()) {
            self.pools.take(&pool);
        }
    }

    /// Puts the rows of a batch back after its commit.
    pub(crate) fn put(&mut self, set: WorkingSet) {
        let WorkingSet {
            state, mut pools, ..
        } = set;
        let State {
            pools: rows,
            holds,
            mut seats,
            ..
        } = state;
        self.batch += 1;
        for hold in holds.values() {
            let Some(expiry) = hold.lapses_at() else {
                continue;
            };
            for leg in &hold.legs {
                if let Some(known) = pools.get_mut(&leg.pool) {
                    let earliest = known.next_expiry.map_or(expiry, |next| next.min(expiry));
                    known.next_expiry = Some(earliest);
                }
            }
        }
        for (id, hold) in holds {
            self.holds.take(&id);
            let mut legs = hold.legs.iter();
            if hold.status == HoldStatus::Held && legs.all(|leg| pools.contains_key(&leg.pool)) {
                let batch = self.batch;
                self.holds.put(id, CachedHold { hold, batch });
            }
        }
        for (id, pool) in rows {
            self.pools.take(&id);
            let Some(known) = pools.get(&id) else {
                continue;
            };
            let taken = seats.remove(&id).unwrap_or_default();
            let cached = CachedPool {
                pool,
                seats: known.has_all_seats.then_some(taken),
                next_expiry: known.next_expiry,
                since: known.since.unwrap_or(self.batch),
            };
            self.pools.put(id, cached);
        }
    }
}
