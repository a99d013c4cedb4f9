//! A naive inventory: no counters, no indexes, no batches. Free units are counted anew each time.

use std::collections::{BTreeMap, BTreeSet};

use domain::{HoldId, HoldStatus, PoolId, SeatLayout, SeatNumber, Units};
use inventory::command::Direction;
use inventory::{Accepted, Command, HoldCommand, Refusal, SeatChange, Until, Verdict};
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
    pub change_refusal: Option<Refusal>,
}

#[derive(Clone, Debug, Default)]
pub struct Model {
    pub pools: BTreeMap<PoolId, ModelPool>,
    pub holds: BTreeMap<HoldId, ModelHold>,
    pub adjustments: BTreeMap<Uuid, (PoolId, Units, Direction)>,
}

/// The verdict that the model expects.
pub type Expected = Result<(), Refusal>;

impl Model {
    /// Units in holds of one status.
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

    /// Ends the expired holds that a batch can end.
    pub fn expire(&mut self, now: Timestamp, is_complete: impl Fn(HoldId) -> bool) {
        for (id, hold) in &mut self.holds {
            let is_expired = hold.expires_at.is_some_and(|at| at <= now);
            if hold.status == HoldStatus::Held && is_expired && is_complete(*id) {
                hold.status = HoldStatus::Expired;
            }
        }
    }

    /// Decides one command. Unnamed seats, which the real verdict chose freely, are taken from it.
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
            Command::ChangePool(change) => {
                let of = self.pool(change.pool)?;
                let growth = change
                    .capacity
                    .map_or(0, |new| i64::from(new) - of.capacity);
                let is_fixed = of.layout.is_some() && growth != 0;
                let in_holds = [HoldStatus::Held, HoldStatus::Sold]
                    .map(|status| self.units(change.pool, status));
                let is_in_use = change.only_unsold && in_holds != [0, 0];
                if self.free(change.pool) + growth.min(0) < 0 || is_fixed || is_in_use {
                    return Err(Refusal::CapacityInUse);
                }
                let of = self.pools.get_mut(&change.pool).unwrap();
                of.capacity += growth;
                of.starts_at = change.starts_at.unwrap_or(of.starts_at);
                of.is_closed |= change.closes;
                Ok(())
            }
            Command::Sweep { hold } => {
                let hold = self.holds.get(hold);
                hold.map(|_| ()).ok_or(Refusal::UnknownHold)
            }
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
                    change_refusal: None,
                };
                let hold = self.holds.entry(*hold).or_insert(tombstone);
                if hold.status.is_live() {
                    hold.status = HoldStatus::Released;
                }
                Ok(())
            }
            Command::ChangeSeats(change) => self.change(change),
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
            change_refusal: None,
        };
        self.holds.insert(command.id(), hold);
        expected
    }

    /// Checks seats that were chosen for a request without names: free, and adjacent if any run has room.
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

    fn change(&mut self, change: &SeatChange) -> Expected {
        let hold = self.live(change.hold())?;
        let asked: BTreeMap<PoolId, BTreeSet<SeatNumber>> = change
            .seats()
            .iter()
            .map(|(pool, seats)| (*pool, seats.iter().copied().collect()))
            .collect();
        if change.number() == hold.change {
            let legs = hold.legs.iter();
            let seats: BTreeMap<_, _> = legs
                .map(|(pool, (_, seats))| (*pool, seats.clone()))
                .collect();
            return if seats == asked {
                Ok(())
            } else {
                Err(hold.change_refusal.unwrap_or(Refusal::IdReused))
            };
        }
        if change.number() < hold.change {
            return Err(Refusal::Superseded);
        }
        if hold.status == HoldStatus::Sold {
            return Err(Refusal::HoldSold);
        }
        if hold.expires_at.is_none() {
            return Err(Refusal::HoldPinned);
        }
        if !hold.legs.keys().eq(asked.keys()) {
            return Err(Refusal::OtherPools);
        }
        let legs: Result<BTreeMap<_, _>, Refusal> = asked
            .into_iter()
            .map(|(pool, seats)| {
                let units = self.changed_units(change.hold(), pool, &seats)?;
                Ok((pool, (units, seats)))
            })
            .collect();
        let hold = self.holds.get_mut(&change.hold()).unwrap();
        hold.change = change.number();
        hold.change_refusal = legs.as_ref().err().copied();
        hold.legs = legs?;
        hold.expires_at = Some(change.until());
        Ok(())
    }

    /// A hold's units in a pool after it gets these seats.
    fn changed_units(
        &self,
        id: HoldId,
        pool: PoolId,
        seats: &BTreeSet<SeatNumber>,
    ) -> Result<Units, Refusal> {
        let of = self.pool(pool)?;
        if of.is_closed {
            return Err(Refusal::SalesClosed);
        }
        let is_there = |seat: &SeatNumber| of.layout.is_some_and(|layout| layout.contains(*seat));
        if !seats.iter().all(is_there) {
            return Err(Refusal::NoSuchSeat);
        }
        let is_others =
            |seat: &SeatNumber| self.owner(pool, *seat).is_some_and(|owner| owner != id);
        if seats.iter().any(is_others) {
            return Err(Refusal::SeatTaken);
        }
        let units = Units::of_len(seats.len()).ok_or(Refusal::NoSuchSeat)?;
        let before = i64::from(self.holds[&id].legs[&pool].0);
        if self.free(pool) + before < i64::from(units) {
            return Err(Refusal::SoldOut);
        }
        Ok(units)
    }
}
