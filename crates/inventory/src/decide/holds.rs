//! Decisions about holds: create, pin, confirm, release, change seats.

use std::collections::{BTreeMap, BTreeSet};

use domain::{HoldId, HoldStatus, PoolId, SeatNumber, Units};

use super::seats::choose_seats;
use super::{Decision, Movement};
use crate::command::{HoldCommand, LegRequest, SeatChange, Until};
use crate::refusal::Refusal;
use crate::state::{Account, Hold, HoldLeg};
use crate::verdict::{Accepted, HoldView, Verdict};

impl Decision<'_> {
    pub(super) fn hold(&mut self, command: &HoldCommand) -> Verdict {
        let id = command.id();
        if let Some(recorded) = self.state.holds.get(&id) {
            return replay(recorded, command);
        }
        let request_digest = Some(command.digest());
        let legs: Result<Vec<HoldLeg>, Refusal> =
            command.legs().iter().map(|leg| self.leg(leg)).collect();
        let legs = match legs {
            Ok(legs) => legs,
            Err(refusal) => {
                let refused = Hold {
                    owner: command.owner().to_owned(),
                    status: HoldStatus::Refused,
                    refusal: Some(refusal),
                    request_digest,
                    expires_at: None,
                    seat_change: 0,
                    seat_change_refusal: None,
                    legs: Vec::new(),
                };
                self.record_hold(id, refused);
                return Err(refusal);
            }
        };
        let (status, account, expires_at) = match command.until() {
            Until::Expires(at) => (HoldStatus::Held, Account::Held, Some(at)),
            Until::Pinned => (HoldStatus::Held, Account::Held, None),
            Until::Sold => (HoldStatus::Sold, Account::Sold, None),
        };
        self.take_legs(id, &legs, account, "hold");
        let hold = Hold {
            owner: command.owner().to_owned(),
            status,
            refusal: None,
            request_digest,
            expires_at,
            seat_change: 0,
            seat_change_refusal: None,
            legs,
        };
        Ok(self.record_hold(id, hold))
    }

    /// The units and seats that a leg gets, or the refusal.
    fn leg(&self, leg: &LegRequest) -> Result<HoldLeg, Refusal> {
        let pool = self.selling_pool(leg.pool)?;
        if !leg.seats.is_empty() {
            let layout = pool.layout.ok_or(Refusal::NoSuchSeat)?;
            if !leg.seats.iter().all(|seat| layout.contains(*seat)) {
                return Err(Refusal::NoSuchSeat);
            }
            let is_taken = |seat: &SeatNumber| self.owner(leg.pool, *seat).is_some();
            if leg.seats.iter().any(is_taken) {
                return Err(Refusal::SeatTaken);
            }
        }
        if pool.free < leg.units.get().cast_signed() {
            return Err(Refusal::SoldOut);
        }
        let seats = match pool.layout {
            Some(layout) if leg.seats.is_empty() => {
                let taken = self.state.seats.get(&leg.pool);
                let taken = taken.into_iter().flat_map(|seats| seats.keys().copied());
                choose_seats(layout, taken, leg.units).ok_or(Refusal::SoldOut)?
            }
            _ => leg.seats.clone(),
        };
        Ok(HoldLeg {
            pool: leg.pool,
            units: leg.units,
            seats,
        })
    }

    /// Moves the legs' units out of their pools and assigns the seats to the hold.
    fn take_legs(&mut self, id: HoldId, legs: &[HoldLeg], to: Account, reason: &'static str) {
        for leg in legs {
            let units = leg.units.get().cast_signed();
            let movement = Movement {
                from: Account::Free,
                to,
                units,
                reason,
                cause: Some(id.0),
            };
            self.move_units(leg.pool, movement);
            for seat in &leg.seats {
                self.set_seat(leg.pool, *seat, Some(id));
            }
        }
    }

    /// The hold if it is live, or the refusal.
    fn live_hold(&self, id: HoldId) -> Result<&Hold, Refusal> {
        let hold = self.state.holds.get(&id).ok_or(Refusal::UnknownHold)?;
        match hold.status {
            HoldStatus::Held | HoldStatus::Sold => Ok(hold),
            HoldStatus::Released => Err(Refusal::HoldReleased),
            HoldStatus::Expired => Err(Refusal::HoldExpired),
            HoldStatus::Refused => Err(Refusal::HoldRefused),
        }
    }

    pub(super) fn pin(&mut self, id: HoldId) -> Verdict {
        let hold = self.live_hold(id)?;
        if hold.expires_at.is_none() {
            return Ok(Accepted::Hold(HoldView::of(id, hold, true)));
        }
        if let Some(hold) = self.hold_mut(id) {
            hold.expires_at = None;
        }
        self.view(id)
    }

    pub(super) fn confirm(&mut self, id: HoldId) -> Verdict {
        let hold = self.live_hold(id)?;
        if hold.status == HoldStatus::Sold {
            return Ok(Accepted::Hold(HoldView::of(id, hold, true)));
        }
        self.transition(id, HoldStatus::Sold, "confirm");
        self.view(id)
    }

    pub(super) fn release(&mut self, id: HoldId) -> Verdict {
        let Some(hold) = self.state.holds.get(&id) else {
            let tombstone = Hold {
                owner: String::new(),
                status: HoldStatus::Released,
                refusal: None,
                request_digest: None,
                expires_at: None,
                seat_change: 0,
                seat_change_refusal: None,
                legs: Vec::new(),
            };
            return Ok(self.record_hold(id, tombstone));
        };
        if !hold.status.is_live() {
            return Ok(Accepted::Hold(HoldView::of(id, hold, true)));
        }
        self.transition(id, HoldStatus::Released, "release");
        self.view(id)
    }

    pub(super) fn change_seats(&mut self, change: &SeatChange) -> Verdict {
        let id = change.hold();
        let hold = self.live_hold(id)?;
        if change.number() == hold.seat_change {
            return replay_change(hold, change);
        }
        if change.number() < hold.seat_change {
            return Err(Refusal::Superseded);
        }
        if hold.status == HoldStatus::Sold {
            return Err(Refusal::HoldSold);
        }
        if hold.expires_at.is_none() {
            return Err(Refusal::HoldPinned);
        }
        let old = hold.legs.clone();
        let before: BTreeMap<PoolId, Units> = old.iter().map(|leg| (leg.pool, leg.units)).collect();
        if !before.keys().eq(change.seats().keys()) {
            return Err(Refusal::OtherPools);
        }
        let new = before.iter().zip(change.seats().values());
        let new = new.map(|((pool, units), seats)| self.changed_leg(id, *pool, *units, seats));
        let new: Result<Vec<HoldLeg>, Refusal> = new.collect();
        // A refused change uses up its number too: if the same request is repeated late, it must not succeed.
        self.use_seat_change(id, change.number(), new.as_ref().err().copied());
        let new = new?;
        for leg in &old {
            let units = leg.units.get().cast_signed();
            let back = Movement {
                from: Account::Held,
                to: Account::Free,
                units,
                reason: "change_seats",
                cause: Some(id.0),
            };
            self.move_units(leg.pool, back);
            for seat in &leg.seats {
                self.set_seat(leg.pool, *seat, None);
            }
        }
        self.take_legs(id, &new, Account::Held, "change_seats");
        if let Some(hold) = self.hold_mut(id) {
            hold.legs = new;
            hold.expires_at = Some(change.until());
        }
        self.mark_legs(id);
        self.view(id)
    }

    fn use_seat_change(&mut self, id: HoldId, number: i64, refusal: Option<Refusal>) {
        if let Some(hold) = self.hold_mut(id) {
            hold.seat_change = number;
            hold.seat_change_refusal = refusal;
        }
    }

    /// Adds a hold's legs to the rows to write.
    fn mark_legs(&mut self, id: HoldId) {
        if !self.new_holds.contains(&id) {
            self.changed_legs.insert(id);
        }
    }

    /// A leg after a seat change: every seat is free or already the hold's own.
    fn changed_leg(
        &self,
        id: HoldId,
        pool_id: PoolId,
        before: Units,
        seats: &[SeatNumber],
    ) -> Result<HoldLeg, Refusal> {
        let pool = self.selling_pool(pool_id)?;
        let layout = pool.layout.ok_or(Refusal::NoSuchSeat)?;
        let units = Units::of_len(seats.len()).ok_or(Refusal::NoSuchSeat)?;
        if !seats.iter().all(|seat| layout.contains(*seat)) {
            return Err(Refusal::NoSuchSeat);
        }
        let of_others = |seat: &SeatNumber| {
            let owner = self.owner(pool_id, *seat);
            owner.is_some_and(|owner| owner != id)
        };
        if seats.iter().any(of_others) {
            return Err(Refusal::SeatTaken);
        }
        let growth = units.get().cast_signed() - before.get().cast_signed();
        if pool.free < growth {
            return Err(Refusal::SoldOut);
        }
        Ok(HoldLeg {
            pool: pool_id,
            units,
            seats: seats.to_vec(),
        })
    }

    pub(super) fn view(&self, id: HoldId) -> Verdict {
        let hold = self.state.holds.get(&id).ok_or(Refusal::UnknownHold)?;
        Ok(Accepted::Hold(HoldView::of(id, hold, false)))
    }
}

/// Replays the first verdict of a repeated hold.
pub(crate) fn replay(recorded: &Hold, command: &HoldCommand) -> Verdict {
    match &recorded.request_digest {
        None => Err(Refusal::HoldReleased),
        Some(request_digest) if *request_digest != command.digest() => Err(Refusal::IdReused),
        Some(_) => match recorded.refusal {
            Some(refusal) => Err(refusal),
            None => Ok(Accepted::Hold(HoldView::of(command.id(), recorded, true))),
        },
    }
}

/// Replays the verdict of the last seat change. If the hold has exactly the requested seats, the answer is
/// success, whatever is recorded of an earlier change.
fn replay_change(hold: &Hold, change: &SeatChange) -> Verdict {
    let has_the_seats = hold.legs.len() == change.seats().len()
        && hold.legs.iter().all(|leg| {
            let asked = change.seats().get(&leg.pool);
            asked.is_some_and(|asked| sorted(asked) == sorted(&leg.seats))
        });
    if has_the_seats {
        return Ok(Accepted::Hold(HoldView::of(change.hold(), hold, true)));
    }
    Err(hold.seat_change_refusal.unwrap_or(Refusal::IdReused))
}

fn sorted(seats: &[SeatNumber]) -> BTreeSet<SeatNumber> {
    seats.iter().copied().collect()
}
