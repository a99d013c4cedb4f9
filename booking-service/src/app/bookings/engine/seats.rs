//! Seat steps: hold, change, sell, release.

use std::collections::BTreeSet;
use std::time::Duration;

use clients::{CallContext, CallError};
use domain::{Money, RefusalCode, SeatNumber};
use flight_api::{Hold, HoldLegRequest, HoldRequest, SeatChangeLeg, SeatChangeRequest};
use lifecycle::{Event, Payment};
use payment_api::ChargeStatus;

use crate::app::AppError;
use crate::app::bookings::engine::{Engine, Step, no_answer};
use crate::db::bookings::NextStep;
use crate::model::booking::{Booking, Leg, SeatChange};
use crate::model::refusal::Refusal;

const FLIGHTS: &str = "flight-service";

/// Time limit of a sale in the background; a worker repeats it later.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(5);

impl Engine {
    /// Holds the seats: pinned where payment follows at once, otherwise with an expiry some time after the
    /// deadline.
    pub(super) async fn hold(
        &self,
        booking: &Booking,
        context: &CallContext,
    ) -> Result<Step, AppError> {
        if booking.is_past_deadline
            && let Some(ended) = self.too_late_to_hold(booking, context).await?
        {
            return Ok(Step::Write(ended));
        }
        let request = self.hold_request(booking);
        crash_points::point("hold.before");
        match self.flights.hold(&request, context).await {
            Ok(hold) => {
                crash_points::point("hold.after");
                self.held(booking, &hold)
            }
            // The hold's id comes from the idempotency key; a booking of the same request asked for it before
            // and was lost.
            Err(CallError::Refused(refusal))
                if refusal.code == RefusalCode::IdempotencyKeyReused && booking.has_key =>
            {
                tracing::warn!(booking = %booking.id, hold = %booking.hold,
                    "hold belongs to a lost booking of the same request; releasing it");
                let message = "an earlier try was interrupted and is undone; ask again";
                let refusal = Refusal::new(RefusalCode::Interrupted, message);
                let ended = self.refused(booking, Event::HoldOfLostBooking, refusal)?;
                Ok(Step::Write(ended))
            }
            Err(CallError::Refused(refusal)) => {
                // The first and only request for this hold was refused, so there is nothing to release.
                let may_be_held = booking.lease_reclaims > 0;
                let event = Event::HoldRefused { may_be_held };
                Ok(Step::Write(self.refused(booking, event, refusal.into())?))
            }
            Err(error) if !booking.has_key => {
                let refusal = Refusal::new(
                    RefusalCode::Unavailable,
                    "the seats could not be held in time",
                );
                self.abandon(booking, refusal).await?;
                Err(no_answer(booking, FLIGHTS, error))
            }
            Err(error) => Err(no_answer(booking, FLIGHTS, error)),
        }
    }

    /// The end of a pending booking whose deadline has passed; `None` if its first attempt was charged in time.
    async fn too_late_to_hold(
        &self,
        booking: &Booking,
        context: &CallContext,
    ) -> Result<Option<Booking>, AppError> {
        let refusal = Refusal::new(RefusalCode::Expired, "the booking took too long");
        if !self.policy(booking).creation_covers_first_attempt() {
            return self
                .refused(booking, Event::DeadlinePassed, refusal)
                .map(Some);
        }
        match self.close_attempt(booking, 1, context).await? {
            Some(charge) if charge.status == ChargeStatus::Success => Ok(None),
            Some(charge) if charge.status == ChargeStatus::Processing => Err(AppError::InProgress),
            Some(_) | None => self.refused(booking, Event::KeyClosed, refusal).map(Some),
        }
    }

    fn hold_request(&self, booking: &Booking) -> HoldRequest {
        let legs = booking
            .legs
            .iter()
            .enumerate()
            .map(|(index, leg)| HoldLegRequest {
                flight_id: leg.flight,
                units: Some(leg.units),
                seats: leg.seats.clone(),
                // The date is that of the first departure.
                date: booking.date.filter(|_| index == 0),
            });
        let lapses = matches!(self.policy(booking).payment, Payment::Later { .. });
        HoldRequest {
            id: booking.hold,
            owner: booking.reference(),
            legs: legs.collect(),
            itinerary: true,
            expires_at: lapses.then(|| booking.deadline_at + self.settings.hold_margin),
        }
    }

    /// Applies a granted hold; a total other than the expected one ends the booking.
    fn held(&self, booking: &Booking, hold: &Hold) -> Result<Step, AppError> {
        let unwanted = Event::HoldRefused { may_be_held: true };
        let Some(total) = total_of(hold) else {
            let ended = self.refused(booking, unwanted, not_payable())?;
            return Ok(Step::Write(ended));
        };
        let priced = Booking {
            total: Some(total),
            ..booking.clone()
        };
        match booking.expected_total {
            Some(expected) if expected != total.amount() => {
                let message = format!("the total is {total}, not {expected}");
                let refusal = Refusal::new(RefusalCode::PriceChanged, message);
                self.refused(&priced, unwanted, refusal).map(Step::Write)
            }
            _ => {
                let held = self.after(&priced, Event::Held)?;
                let is_covered = self.policy(booking).creation_covers_first_attempt();
                Ok(if is_covered {
                    Step::Carry(held)
                } else {
                    Step::Write(held)
                })
            }
        }
    }

    /// Changes the seats of a held booking. Idempotent by the number of the change.
    pub(super) async fn change_seats(
        &self,
        booking: &Booking,
        wanted: &SeatChange,
        context: &CallContext,
    ) -> Result<Step, AppError> {
        let legs = booking.legs.iter().zip(&wanted.seats);
        let request = SeatChangeRequest {
            legs: legs
                .map(|(leg, seats)| SeatChangeLeg {
                    flight_id: leg.flight,
                    seats: seats.clone(),
                })
                .collect(),
            expires_at: wanted.deadline_at + self.settings.hold_margin,
            number: booking.seat_change,
        };
        let answer = self.flights.change_seats(booking.hold, &request, context);
        match answer.await {
            // An earlier try of this number was refused, which used the number up.
            Ok(hold) if !has_seats(&hold, booking, wanted) => Ok(Step::Write(Booking {
                requested_seats: None,
                refusal: Some(Refusal::new(
                    RefusalCode::SeatTaken,
                    "the seats can't be had",
                )),
                ..booking.clone()
            })),
            Ok(hold) => {
                crash_points::point("change.after");
                // The seats are changed already, but have no price in one currency.
                let Some(total) = total_of(&hold) else {
                    let ended = self.refused(booking, Event::Abandoned, not_payable())?;
                    return Ok(Step::Write(ended));
                };
                let changed = with_seats_of(booking, &hold, wanted, total);
                let changed = self.after(&changed, Event::SeatsChanged)?;
                let saved = self.writer.save_seats(changed, self.settings.lease).await?;
                Ok(Step::Written(saved.ok_or(AppError::ChangedElsewhere)?))
            }
            Err(CallError::Refused(refusal)) if refusal.code == RefusalCode::HoldExpired => {
                let refusal = Refusal::new(RefusalCode::Expired, "the time to pay ran out");
                let ended = self.refused(booking, Event::DeadlinePassed, refusal)?;
                Ok(Step::Write(ended))
            }
            // The old seats stay; the refusal is for the request that asked.
            Err(CallError::Refused(refusal)) => Ok(Step::Write(Booking {
                requested_seats: None,
                refusal: Some(refusal.into()),
                ..booking.clone()
            })),
            Err(error) => Err(no_answer(booking, FLIGHTS, error)),
        }
    }

    /// Sells the hold of a confirmed booking. Nobody waits for it.
    pub(super) async fn confirm(&self, booking: &Booking) -> Result<Step, AppError> {
        match self.sales.sell_later(booking.hold, CONFIRM_TIMEOUT).await {
            Some(Ok(())) => {
                crash_points::point("confirm.after");
                Ok(Step::WriteLater(self.after(booking, Event::Sold)?))
            }
            Some(Err(refusal)) => {
                let code = refusal.code.clone();
                let lost = self.refused(booking, Event::HoldLost, refusal)?;
                // Fails if the booking was cancelled meanwhile, which released the hold.
                let lost = self.save(lost, NextStep::Mine).await?;
                tracing::error!(booking = %booking.id, %code, "confirmed booking lost its seats; reversing");
                Ok(Step::Written(lost))
            }
            None => Err(no_answer(booking, FLIGHTS, CallError::DeadlinePassed)),
        }
    }

    /// Releases the hold. If it arrives later, a tombstone refuses it.
    pub(super) async fn release(
        &self,
        booking: &Booking,
        context: &CallContext,
    ) -> Result<Step, AppError> {
        let released = self.flights.release(booking.hold, context).await;
        released.map_err(|error| no_answer(booking, FLIGHTS, error))?;
        crash_points::point("release.after");
        let released = self.after(booking, Event::Released)?;
        Ok(Step::Write(released))
    }
}

/// Whether the hold has the requested seats.
fn has_seats(hold: &Hold, booking: &Booking, wanted: &SeatChange) -> bool {
    booking.legs.iter().zip(&wanted.seats).all(|(leg, seats)| {
        let held = hold.legs.iter().find(|held| held.flight_id == leg.flight);
        let wanted: BTreeSet<SeatNumber> = seats.iter().copied().collect();
        held.is_some_and(|held| held.seats.iter().copied().collect::<BTreeSet<_>>() == wanted)
    })
}

/// The booking with its hold's current seats.
fn with_seats_of(booking: &Booking, hold: &Hold, wanted: &SeatChange, total: Money) -> Booking {
    let legs = booking.legs.iter().zip(&wanted.seats).map(|(leg, seats)| {
        let held = hold.legs.iter().find(|held| held.flight_id == leg.flight);
        let seats = held.map_or(seats, |held| &held.seats);
        Leg {
            units: held.map_or(leg.units, |held| held.units),
            seats: seats.clone(),
            ..leg.clone()
        }
    });
    Booking {
        legs: legs.collect(),
        total: Some(total),
        deadline_at: wanted.deadline_at,
        requested_seats: None,
        refusal: None,
        ..booking.clone()
    }
}

fn not_payable() -> Refusal {
    Refusal::new(
        RefusalCode::NotPayable,
        "the flights can't be paid in one sum",
    )
}

/// The price of all seats of all legs; `None` if they differ in currency.
fn total_of(hold: &Hold) -> Option<Money> {
    let mut legs = hold.legs.iter().map(|leg| {
        let price = Money::new(leg.price, leg.currency).ok()?;
        price.checked_mul(leg.units)
    });
    let first = legs.next()??;
    legs.try_fold(first, |sum, leg| sum.checked_add(leg?))
}
