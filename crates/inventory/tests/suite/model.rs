//! A naive inventory: no counters, no indexes, no batches. What is free is counted anew each time.

use std::collections::{BTreeMap, BTreeSet};

use domain::{HoldId, PoolId, SeatLayout, SeatNumber, Units};
use inventory::command::Direction;
use inventory::state::HoldStatus;
use inventory::{Accepted, Command, HoldCommand, Refusal, Until, Verdict};
use jiff::Timestamp;
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct ModelPool {
    pub capacity: i64,
    pub adjusted: i64,
    pub layout: Option<SeatLayout>,
    pub is_closed: bool,
    pub starts_at: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub struct ModelHold {
    pub status: HoldStatus,
    pub asked: Option<HoldCommand>,
    pub refusal: Option<Refusal>,
    pub legs: BTreeMap<PoolId, (Units, BTreeSet<SeatNumber>)>,
    pub expires_at: Option<Timestamp>,
    pub change: i64,
}

#[derive(Clone, Debug, Default)]
pub struct Model {
    pub pools: BTreeMap<PoolId, ModelPool>,
    pub holds: BTreeMap<HoldId, ModelHold>,
    pub adjustments: BTreeMap<Uuid, (PoolId, Units, Direction)>,
}

/// What the model expects of a verdict: accepted, or refused like this.
pub type Expected = Result<(), Refusal>;

impl Model {
    /// Units in live holds of one status.
    pub fn units(&self, pool: PoolId, status: HoldStatus) -> i64 {
        let holds = self.holds.values().filter(|hold| hold.status == status);
        holds
            .filter_map(|hold| hold.legs.get(&pool))
            .map(|(units, _)| i64::from(*units))
            .sum()
    }

    pub fn free(&self, pool: PoolId) -> i64 {
        let of = &self.pools[&pool];
        of.capacity
            - of.adjusted
            - self.units(pool, HoldStatus::Held)
            - self.units(pool, HoldStatus::Sold)
    }

    pub fn owner(&self, pool: PoolId, seat: SeatNumber) -> Option<HoldId> {
        let mut owners = self.holds.iter().filter(|(_, hold)| {
            hold.status.is_live()
                && hold
                    .legs
                    .get(&pool)
                    .is_some_and(|(_, seats)| seats.contains(&seat))
        });
        let owner = owners.next().map(|(id, _)| *id);
        assert!(
            owners.next().is_none(),
            "seat {seat} of {pool:?} has two owners"
        );
        owner
    }

    pub fn expire(&mut self, now: Timestamp) {
        for hold in self.holds.values_mut() {
            if hold.status == HoldStatus::Held && hold.expires_at.is_some_and(|at| at <= now) {
                hold.status = HoldStatus::Expired;
            }
        }
    }

    /// Decides one command and takes over what `verdict` chose freely: unnamed seats.
    pub fn apply(&mut self, command: &Command, verdict: &Verdict) -> Expected {
        match command {
            Command::Create(new) => {
                if self.pools.contains_key(&new.id) {
                    return Err(Refusal::PoolExists);
                }
                let pool = ModelPool {
                    capacity: new.capacity.into(),
                    adjusted: new.already_sold.into(),
                    layout: new.layout,
                    is_closed: false,
                    starts_at: new.starts_at,
                };
                self.pools.insert(new.id, pool);
                Ok(())
            }
            Command::Resize { pool, capacity } => {
                let growth = i64::from(*capacity) - self.pool(*pool)?.capacity;
                let is_fixed = self.pool(*pool)?.layout.is_some() && growth != 0;
                if self.free(*pool) + growth.min(0) < 0 || is_fixed {
                    return Err(Refusal::CapacityInUse);
                }
                self.pools.get_mut(pool).unwrap().capacity = i64::from(*capacity);
                Ok(())
            }
            Command::Reschedule { pool, starts_at } => {
                self.pool(*pool)?;
                self.pools.get_mut(pool).unwrap().starts_at = *starts_at;
                Ok(())
            }
            Command::Close { pool } => {
                self.pool(*pool)?;
                self.pools.get_mut(pool).unwrap().is_closed = true;
                Ok(())
            }
            Command::Sweep { pool } => self.pool(*pool).map(|_| ()),
            Command::Adjust {
                id,
                pool,
                units,
                direction,
            } => self.adjust(*id, *pool, *units, *direction),
            Command::Hold(hold) => self.hold(hold, verdict),
            Command::Pin { hold } => {
                if self.live(*hold)?.status == HoldStatus::Held {
                    self.holds.get_mut(hold).unwrap().expires_at = None;
                }
                Ok(())
            }
            Command::Confirm { hold } => {
                self.live(*hold)?;
                self.holds.get_mut(hold).unwrap().status = HoldStatus::Sold;
                Ok(())
            }
            Command::Release { hold } => {
                let tombstone = ModelHold {
                    status: HoldStatus::Released,
                    asked: None,
                    refusal: None,
                    legs: BTreeMap::new(),
                    expires_at: None,
                    change: 0,
                };
                let hold = self.holds.entry(*hold).or_insert(tombstone);
                if hold.status.is_live() {
                    hold.status = HoldStatus::Released;
                }
                Ok(())
            }
            Command::ChangeSeats {
                hold,
                seats,
                until,
                number,
            } => self.change(*hold, seats, *until, *number),
        }
    }

    fn pool(&self, id: PoolId) -> Result<&ModelPool, Refusal> {
        self.pools.get(&id).ok_or(Refusal::UnknownPool)
    }

    fn live(&self, id: HoldId) -> Result<&ModelHold, Refusal> {
        let hold = self.holds.get(&id).ok_or(Refusal::UnknownHold)?;
        match hold.status {
            HoldStatus::Held | HoldStatus::Sold => Ok(hold),
            HoldStatus::Released => Err(Refusal::HoldReleased),
            HoldStatus::Expired => Err(Refusal::HoldExpired),
            HoldStatus::Refused => Err(Refusal::HoldRefused),
        }
    }

    fn adjust(&mut self, id: Uuid, pool: PoolId, units: Units, direction: Direction) -> Expected {
        if let Some(first) = self.adjustments.get(&id) {
            let same = *first == (pool, units, direction);
            return if same { Ok(()) } else { Err(Refusal::IdReused) };
        }
        let of = self.pool(pool)?;
        let signed = match direction {
            Direction::Take if of.is_closed => return Err(Refusal::SalesClosed),
            Direction::Take if self.free(pool) < i64::from(units) => return Err(Refusal::SoldOut),
            Direction::Take => i64::from(units),
            Direction::GiveBack if of.adjusted < i64::from(units) => return Err(Refusal::NotTaken),
            Direction::GiveBack => -i64::from(units),
        };
        self.pools.get_mut(&pool).unwrap().adjusted += signed;
        self.adjustments.insert(id, (pool, units, direction));
        Ok(())
    }

    fn hold(&mut self, command: &HoldCommand, verdict: &Verdict) -> Expected {
        if let Some(first) = self.holds.get(&command.id()) {
            return match &first.asked {
                None => Err(Refusal::HoldReleased),
                Some(asked) if asked != command => Err(Refusal::IdReused),
                Some(_) => first.refusal.map_or(Ok(()), Err),
            };
        }
        let expected = command.legs().iter().try_for_each(|leg| {
            let pool = self.pool(leg.pool)?;
            if pool.is_closed {
                return Err(Refusal::SalesClosed);
            }
            for seat in &leg.seats {
                if !pool.layout.is_some_and(|layout| layout.contains(*seat)) {
                    return Err(Refusal::NoSuchSeat);
                }
            }
            if leg
                .seats
                .iter()
                .any(|seat| self.owner(leg.pool, *seat).is_some())
            {
                return Err(Refusal::SeatTaken);
            }
            if self.free(leg.pool) < i64::from(leg.units) {
                Err(Refusal::SoldOut)
            } else {
                Ok(())
            }
        });
        let mut legs = BTreeMap::new();
        if let (Ok(()), Ok(Accepted::Hold(view))) = (expected, verdict) {
            for (asked, given) in command.legs().iter().zip(&view.legs) {
                let seats: BTreeSet<SeatNumber> = given.seats.iter().copied().collect();
                assert_eq!((asked.pool, asked.units), (given.pool, given.units));
                if asked.seats.is_empty() {
                    self.check_chosen(asked.pool, asked.units, &seats);
                } else {
                    assert_eq!(asked.seats, given.seats);
                }
                legs.insert(asked.pool, (asked.units, seats));
            }
        }
        let (status, expires_at) = match (expected, command.until()) {
            (Err(_), _) => (HoldStatus::Refused, None),
            (Ok(()), Until::Expires(at)) => (HoldStatus::Held, Some(at)),
            (Ok(()), Until::Pinned) => (HoldStatus::Held, None),
            (Ok(()), Until::Sold) => (HoldStatus::Sold, None),
        };
        let asked = Some(command.clone());
        let refusal = expected.err();
        let hold = ModelHold {
            status,
            asked,
            refusal,
            legs,
            expires_at,
            change: 0,
        };
        self.holds.insert(command.id(), hold);
        expected
    }

    /// Seats that were chosen for somebody who named none: free ones, and side by side if any stretch
    /// of a row has room.
    fn check_chosen(&self, pool: PoolId, units: Units, seats: &BTreeSet<SeatNumber>) {
        let Some(layout) = self.pools[&pool].layout else {
            assert!(seats.is_empty());
            return;
        };
        assert_eq!(i64::try_from(seats.len()).unwrap(), i64::from(units));
        assert!(seats.iter().all(|seat| layout.contains(*seat)));
        assert!(seats.iter().all(|seat| self.owner(pool, *seat).is_none()));
        let free: Vec<SeatNumber> = layout
            .seats()
            .filter(|seat| self.owner(pool, *seat).is_none())
            .collect();
        let longest = free
            .chunk_by(|a, b| a.is_beside(*b))
            .map(<[_]>::len)
            .max()
            .unwrap_or(0);
        if longest >= seats.len() {
            let chosen: Vec<SeatNumber> = seats.iter().copied().collect();
            assert!(
                chosen.windows(2).all(|pair| pair[0].is_beside(pair[1])),
                "{chosen:?}"
            );
        }
    }

    fn change(
        &mut self,
        id: HoldId,
        seats: &[(PoolId, Vec<SeatNumber>)],
        until: Timestamp,
        number: i64,
    ) -> Expected {
        let hold = self.live(id)?;
        if number <= hold.change {
            return if number == hold.change {
                Ok(())
            } else {
                Err(Refusal::Superseded)
            };
        }
        if hold.status == HoldStatus::Sold {
            return Err(Refusal::HoldSold);
        }
        if hold.expires_at.is_none() {
            return Err(Refusal::HoldPinned);
        }
        let hold = self.holds.get_mut(&id).unwrap();
        hold.change = number;
        let hold = &*hold;
        if seats.len() != hold.legs.len() {
            return Err(Refusal::NoSuchSeat);
        }
        let before_legs = hold.legs.clone();
        let mut legs = BTreeMap::new();
        for (pool, seats) in seats {
            let (before, _) = before_legs.get(pool).ok_or(Refusal::NoSuchSeat)?;
            let of = self.pool(*pool)?;
            if of.is_closed {
                return Err(Refusal::SalesClosed);
            }
            let layout = of.layout.ok_or(Refusal::NoSuchSeat)?;
            let units = Units::of_len(seats.len()).ok_or(Refusal::NoSuchSeat)?;
            if !seats.iter().all(|seat| layout.contains(*seat)) {
                return Err(Refusal::NoSuchSeat);
            }
            let unique: BTreeSet<SeatNumber> = seats.iter().copied().collect();
            let of_others =
                |seat: &SeatNumber| self.owner(*pool, *seat).is_some_and(|owner| owner != id);
            if unique.len() != seats.len() || seats.iter().any(of_others) {
                return Err(Refusal::SeatTaken);
            }
            if self.free(*pool) + i64::from(*before) < i64::from(units) {
                return Err(Refusal::SoldOut);
            }
            legs.insert(*pool, (units, unique));
        }
        let hold = self.holds.get_mut(&id).unwrap();
        hold.legs = legs;
        hold.expires_at = Some(until);
        hold.change = number;
        Ok(())
    }
}
