//! The decisions: a pure function of the loaded rows, a batch of commands and the time.
//!
//! Commands are decided in the order of their arrival. A hold past its expiry counts as released before the
//! first of them: expiry is a predicate, and the sweeper only keeps the ledger tidy.

mod holds;
mod pools;
mod seats;

pub(crate) use holds::replay as replay_hold;
pub(crate) use pools::replay as replay_adjustment;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::sale_rules::SalesPolicy;
use domain::{HoldId, HoldStatus, PoolId, SeatNumber};
use jiff::Timestamp;
use uuid::Uuid;

use crate::command::Command;
use crate::refusal::Refusal;
use crate::state::{Account, Hold, LedgerEntry, Pool, State, StateDiff};
use crate::verdict::{Accepted, HoldView, Verdict};

/// Decides a batch: a verdict for each command, in order, and the rows to write.
///
/// `state` must contain every row that the commands concern, and has them changed afterwards. It is to be thrown
/// away unless the changes are committed.
#[must_use]
pub fn decide(
    state: &mut State,
    commands: &[&Command],
    now: Timestamp,
    sales: SalesPolicy,
) -> (Vec<Verdict>, StateDiff) {
    let mut decision = Decision {
        state,
        now,
        sales,
        first_seats: BTreeMap::new(),
        new_pools: BTreeSet::new(),
        changed_pools: BTreeSet::new(),
        new_holds: BTreeSet::new(),
        changed_holds: BTreeMap::new(),
        changed_legs: BTreeSet::new(),
        new_adjustments: BTreeSet::new(),
        ledger: Vec::new(),
        lines: HashMap::new(),
    };
    decision.expire_holds();
    let verdicts = commands
        .iter()
        .map(|command| decision.verdict(command))
        .collect();
    (verdicts, decision.into_diff())
}

/// A batch in progress.
struct Decision<'a> {
    state: &'a mut State,
    now: Timestamp,
    sales: SalesPolicy,
    /// The owner of each touched seat before the batch.
    first_seats: BTreeMap<(PoolId, SeatNumber), Option<HoldId>>,
    new_pools: BTreeSet<PoolId>,
    changed_pools: BTreeSet<PoolId>,
    new_holds: BTreeSet<HoldId>,
    /// When each changed hold was to lapse before the batch.
    changed_holds: BTreeMap<HoldId, Option<Timestamp>>,
    changed_legs: BTreeSet<HoldId>,
    new_adjustments: BTreeSet<Uuid>,
    ledger: Vec<LedgerEntry>,
    lines: HashMap<PoolId, i32>,
}

/// A movement of units between two accounts of a pool.
#[derive(Clone, Copy)]
struct Movement {
    from: Account,
    to: Account,
    units: i32,
    reason: &'static str,
    cause: Option<Uuid>,
}

impl Decision<'_> {
    fn verdict(&mut self, command: &Command) -> Verdict {
        match command {
            Command::Create(pool) => self.create(pool),
            Command::ChangePool(change) => self.change_pool(change),
            // Expired holds were ended before the first command.
            Command::Sweep { hold } => self.view(*hold),
            Command::Adjust {
                id,
                pool,
                units,
                direction,
            } => self.adjust(*id, *pool, *units, *direction),
            Command::Hold(hold) => self.hold(hold),
            Command::Pin { hold } => self.pin(*hold),
            Command::Confirm { hold } => self.confirm(*hold),
            Command::Release { hold } => self.release(*hold),
            Command::ChangeSeats(change) => self.change_seats(change),
        }
    }

    /// The pool, or the refusal if its sales are closed.
    fn selling_pool(&self, id: PoolId) -> Result<&Pool, Refusal> {
        let pool = self.state.pools.get(&id).ok_or(Refusal::UnknownPool)?;
        if self.sales.is_open(pool.starts_at, pool.closed_at, self.now) {
            Ok(pool)
        } else {
            Err(Refusal::SalesClosed)
        }
    }

    /// A pool to change. Its version rises once per batch.
    fn pool_mut(&mut self, id: PoolId) -> Option<&mut Pool> {
        let pool = self.state.pools.get_mut(&id)?;
        if !self.new_pools.contains(&id) && self.changed_pools.insert(id) {
            pool.version += 1;
        }
        Some(pool)
    }

    /// Moves units of a pool and records the movement in the ledger.
    fn move_units(&mut self, id: PoolId, movement: Movement) {
        let Some(pool) = self.pool_mut(id) else {
            return;
        };
        pool.move_units(movement.from, movement.to, movement.units);
        let version = pool.version;
        let line = self.lines.entry(id).or_default();
        self.ledger.push(LedgerEntry {
            pool: id,
            version,
            line: *line,
            from: movement.from,
            to: movement.to,
            units: movement.units,
            reason: movement.reason,
            cause: movement.cause,
        });
        *line += 1;
    }

    /// Assigns a seat to a hold, or frees it.
    fn set_seat(&mut self, pool: PoolId, seat: SeatNumber, hold: Option<HoldId>) {
        let seats = self.state.seats.entry(pool).or_default();
        let before = match hold {
            Some(hold) => seats.insert(seat, hold),
            None => seats.remove(&seat),
        };
        self.first_seats.entry((pool, seat)).or_insert(before);
    }

    /// The hold that has a seat.
    fn owner(&self, pool: PoolId, seat: SeatNumber) -> Option<HoldId> {
        self.state.seats.get(&pool)?.get(&seat).copied()
    }

    /// Adds a new hold to the changes and returns its view.
    fn record_hold(&mut self, id: HoldId, hold: Hold) -> Accepted {
        let view = HoldView::of(id, &hold, false);
        self.state.holds.insert(id, hold);
        self.new_holds.insert(id);
        Accepted::Hold(view)
    }

    /// A hold to change. The versions of its pools rise, whatever is changed: who knows a pool's version knows
    /// its holds.
    fn hold_mut(&mut self, id: HoldId) -> Option<&mut Hold> {
        let hold = self.state.holds.get(&id)?;
        if !self.new_holds.contains(&id) && !self.changed_holds.contains_key(&id) {
            self.changed_holds.insert(id, hold.lapses_at());
            let pools: Vec<PoolId> = hold.legs.iter().map(|leg| leg.pool).collect();
            for pool in pools {
                self.pool_mut(pool);
            }
        }
        self.state.holds.get_mut(&id)
    }

    /// Changes a live hold's status: its units move between accounts, and its seats are freed if the hold ends.
    fn transition(&mut self, id: HoldId, status: HoldStatus, reason: &'static str) {
        let Some(hold) = self.hold_mut(id) else {
            return;
        };
        let account = |status: HoldStatus| match status {
            HoldStatus::Held => Account::Held,
            HoldStatus::Sold => Account::Sold,
            HoldStatus::Released | HoldStatus::Expired | HoldStatus::Refused => Account::Free,
        };
        let (from, to) = (account(hold.status), account(status));
        hold.status = status;
        if status != HoldStatus::Expired {
            hold.expires_at = None;
        }
        let legs = hold.legs.clone();
        for leg in legs {
            let units = leg.units.get().cast_signed();
            self.move_units(
                leg.pool,
                Movement {
                    from,
                    to,
                    units,
                    reason,
                    cause: Some(id.0),
                },
            );
            if !status.is_live() {
                for seat in leg.seats {
                    self.set_seat(leg.pool, seat, None);
                }
            }
        }
    }

    /// Ends the expired holds. One with a leg on a pool that is not loaded waits for a batch that has all of
    /// its pools.
    fn expire_holds(&mut self) {
        let mut lapsed: Vec<HoldId> = self
            .state
            .holds
            .iter()
            .filter(|(_, hold)| hold.is_expired(self.now))
            .filter(|(_, hold)| {
                hold.legs
                    .iter()
                    .all(|leg| self.state.pools.contains_key(&leg.pool))
            })
            .map(|(id, _)| *id)
            .collect();
        lapsed.sort_unstable();
        for id in lapsed {
            self.transition(id, HoldStatus::Expired, "expire");
        }
    }

    fn into_diff(self) -> StateDiff {
        let mut changes = StateDiff {
            ledger: self.ledger,
            ..StateDiff::default()
        };
        let copies = |ids: BTreeSet<PoolId>| {
            let pools = ids.into_iter();
            pools
                .filter_map(|id| Some((id, self.state.pools.get(&id)?.clone())))
                .collect()
        };
        changes.new_pools = copies(self.new_pools);
        changes.pools = copies(self.changed_pools);
        for ((pool, seat), before) in self.first_seats {
            let seats = self.state.seats.get(&pool);
            let now = seats.and_then(|seats| seats.get(&seat)).copied();
            if before == now {
                continue;
            }
            if before.is_some() {
                changes.freed_seats.push((pool, seat));
            }
            if let Some(hold) = now {
                changes.taken_seats.push((pool, seat, hold));
            }
        }
        let held = |id: &HoldId| Some((*id, self.state.holds.get(id)?));
        let new = self.new_holds.iter().map(|id| (id, None));
        let changed = self.changed_holds.iter().map(|(id, lapsed)| (id, *lapsed));
        for (id, lapsed_at) in new.chain(changed) {
            let Some((id, hold)) = held(id) else {
                continue;
            };
            let lapses_at = hold.lapses_at();
            if lapses_at != lapsed_at {
                changes.ended_expiries.extend(hold.expiries(id, lapsed_at));
                changes.new_expiries.extend(hold.expiries(id, lapses_at));
            }
        }
        let copy = |id| held(id).map(|(id, hold)| (id, hold.clone()));
        changes.new_holds = self.new_holds.iter().filter_map(copy).collect();
        changes.holds = self.changed_holds.keys().filter_map(copy).collect();
        for id in self.changed_legs {
            let hold = self.state.holds.get(&id);
            let legs = hold.into_iter().flat_map(|hold| &hold.legs);
            changes.legs.extend(legs.map(|leg| (id, leg.clone())));
        }
        changes.adjustments = self
            .new_adjustments
            .into_iter()
            .filter_map(|id| Some((id, self.state.adjustments.get(&id)?.clone())))
            .collect();
        changes
    }
}
