//! Decisions about pools: create, resize, close, adjust.

use domain::{PoolId, Units};
use uuid::Uuid;

use super::{Decision, Movement};
use crate::command::{Direction, NewPool, PoolChange};
use crate::refusal::Refusal;
use crate::state::{Account, Adjustment, Pool};
use crate::verdict::{Accepted, Adjusted, Verdict};

impl Decision<'_> {
    pub(super) fn create(&mut self, new: &NewPool) -> Verdict {
        if let Some(pool) = self.state.pools.get(&new.id) {
            let same = pool.kind == new.kind
                && pool.capacity == new.capacity
                && pool.layout == new.layout
                && pool.starts_at == new.starts_at;
            return if same {
                Ok(Accepted::Pool(pool.count(new.id)))
            } else {
                Err(Refusal::PoolExists)
            };
        }
        let fits_layout = new
            .layout
            .is_none_or(|layout| u32::try_from(new.capacity) == Ok(layout.seat_count()));
        if !(0..=new.capacity).contains(&new.already_sold) || !fits_layout {
            return Err(Refusal::CapacityInUse);
        }
        let pool = Pool {
            kind: new.kind.clone(),
            capacity: 0,
            free: 0,
            held: 0,
            sold: 0,
            adjusted: new.already_sold,
            layout: new.layout,
            starts_at: new.starts_at,
            closed_at: None,
            version: 1,
        };
        self.state.pools.insert(new.id, pool);
        self.new_pools.insert(new.id);
        let movement = |from, to, units| Movement {
            from,
            to,
            units,
            reason: "create",
            cause: None,
        };
        if new.capacity > 0 {
            self.move_units(
                new.id,
                movement(Account::Issued, Account::Free, new.capacity),
            );
        }
        if new.already_sold > 0 {
            self.move_units(
                new.id,
                movement(Account::Free, Account::Sold, new.already_sold),
            );
        }
        self.count_of(new.id)
    }

    pub(super) fn change_pool(&mut self, change: &PoolChange) -> Verdict {
        let id = change.pool;
        let pool = self.state.pools.get(&id).ok_or(Refusal::UnknownPool)?;
        let capacity = change.capacity.unwrap_or(pool.capacity);
        let growth = capacity
            .checked_sub(pool.capacity)
            .ok_or(Refusal::CapacityInUse)?;
        let is_held = pool.held + pool.sold > pool.adjusted;
        if capacity < 0
            || pool.free + growth.min(0) < 0
            || (pool.layout.is_some() && growth != 0)
            || (change.only_unsold && is_held)
        {
            return Err(Refusal::CapacityInUse);
        }
        let starts_at = change.starts_at.unwrap_or(pool.starts_at);
        let closed_at = pool.closed_at.or(change.closes.then_some(self.now));
        if (starts_at, closed_at) != (pool.starts_at, pool.closed_at)
            && let Some(pool) = self.pool_mut(id)
        {
            pool.starts_at = starts_at;
            pool.closed_at = closed_at;
        }
        if growth != 0 {
            let (from, to) = if growth > 0 {
                (Account::Issued, Account::Free)
            } else {
                (Account::Free, Account::Issued)
            };
            let resize = Movement {
                from,
                to,
                units: growth.abs(),
                reason: "resize",
                cause: None,
            };
            self.move_units(id, resize);
        }
        self.count_of(id)
    }

    pub(super) fn count_of(&self, id: PoolId) -> Verdict {
        let pool = self.state.pools.get(&id).ok_or(Refusal::UnknownPool)?;
        Ok(Accepted::Pool(pool.count(id)))
    }

    pub(super) fn adjust(
        &mut self,
        id: Uuid,
        pool_id: PoolId,
        units: Units,
        direction: Direction,
    ) -> Verdict {
        if let Some(recorded) = self.state.adjustments.get(&id) {
            return replay(recorded, pool_id, units, direction);
        }
        let count = units.get().cast_signed();
        let signed = signed(units, direction);
        self.check_adjustment(pool_id, signed)?;
        let (from, to) = match direction {
            Direction::Take => (Account::Free, Account::Sold),
            Direction::GiveBack => (Account::Sold, Account::Free),
        };
        self.move_units(
            pool_id,
            Movement {
                from,
                to,
                units: count,
                reason: "adjust",
                cause: Some(id),
            },
        );
        let pool = self.pool_mut(pool_id).ok_or(Refusal::UnknownPool)?;
        pool.adjusted += signed;
        let (free_after, applied_at) = (pool.free, self.now);
        self.state.adjustments.insert(
            id,
            Adjustment {
                pool: pool_id,
                units: signed,
                free_after,
                applied_at,
            },
        );
        self.new_adjustments.insert(id);
        Ok(Accepted::Adjusted(Adjusted {
            free_after,
            applied_at,
            replayed: false,
        }))
    }

    /// Whether the units are free to take, or were taken by adjustments and can be given back.
    fn check_adjustment(&self, pool_id: PoolId, signed: i32) -> Result<(), Refusal> {
        if signed > 0 {
            let pool = self.selling_pool(pool_id)?;
            if pool.free < signed {
                Err(Refusal::SoldOut)
            } else {
                Ok(())
            }
        } else {
            let pool = self.state.pools.get(&pool_id).ok_or(Refusal::UnknownPool)?;
            if pool.adjusted < -signed {
                Err(Refusal::NotTaken)
            } else {
                Ok(())
            }
        }
    }
}

/// The signed units of an adjustment; negative for a give-back.
fn signed(units: Units, direction: Direction) -> i32 {
    let count = units.get().cast_signed();
    match direction {
        Direction::Take => count,
        Direction::GiveBack => -count,
    }
}

/// Replays the first verdict of a repeated adjustment.
pub(crate) fn replay(
    recorded: &Adjustment,
    pool: PoolId,
    units: Units,
    direction: Direction,
) -> Verdict {
    if recorded.pool != pool || recorded.units != signed(units, direction) {
        return Err(Refusal::IdReused);
    }
    Ok(Accepted::Adjusted(Adjusted {
        free_after: recorded.free_after,
        applied_at: recorded.applied_at,
        replayed: true,
    }))
}
