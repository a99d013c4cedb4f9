//! Orders with chosen seats: hold, change, pay by code, cancel.

use domain::{FlightId, HoldId, RefusalCode, SeatNumber, Units};
use std::collections::BTreeSet;
use std::time::Duration;

use clients::CallContext;
use jiff::Timestamp;
use lifecycle::{Event, Outcome, State};
use service_core::caller::Caller;
use service_core::idempotency::{self, Answer, Replayable, RequestKey};

use crate::app::bookings::by_count::Bookings;
use crate::app::{AppError, Unknown};
use crate::db;
use crate::db::bookings::{Change, NextStep};
use crate::model::actor::Actor;
use crate::model::booking::{Booking, Channel, Leg, NewBooking, SeatChange};
use crate::model::invalid_field::InvalidField;

/// How long a request waits for a concurrent change of the same order.
const CHANGE_WAIT_TIMEOUT: Duration = Duration::from_secs(2);

const OTHER_CHANGE_POLL: Duration = Duration::from_millis(20);

/// What follows a declined payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDecline {
    /// Further attempts are made automatically; after the last one the order fails.
    Retry,
    /// The order stays held: the customer is on session and may pay in another way.
    AwaitCustomer,
}

#[derive(Clone)]
pub struct Orders {
    pub bookings: Bookings,
}

impl Orders {
    /// Orders seats. If the seats are refused, the order exists and has failed. An unknown flight or seat is
    /// an error.
    pub async fn create(
        &self,
        new: NewBooking,
        context: CallContext,
    ) -> Result<Replayable<Booking>, AppError> {
        let answered = self.bookings.book(new, context).await?;
        match &answered.value.refusal {
            Some(refusal) if refusal.code == RefusalCode::NoSuchSeat => {
                Err(InvalidField::new("seats", refusal.message.clone()).into())
            }
            Some(refusal)
                if matches!(
                    refusal.code,
                    RefusalCode::UnknownFlight | RefusalCode::UnknownPool
                ) =>
            {
                Err(AppError::Unknown(Unknown::Flight(
                    answered.value.flight_ref,
                )))
            }
            Some(refusal) if refusal.code.is_no_itinerary() => {
                Err(AppError::NoItinerary(refusal.clone()))
            }
            _ => Ok(answered),
        }
    }

    /// [`Unknown::Order`] unless the caller owns the order or is staff. Always read from the row, so
    /// that no stale copy decides.
    pub async fn check_owner(&self, id: HoldId, caller: &Caller) -> Result<(), AppError> {
        // Staff need no lookup: the next step reveals whether the order exists.
        if caller.is_staff() {
            return Ok(());
        }
        let owner = db::bookings::owner_of_order(&self.bookings.engine.database, id).await?;
        match owner {
            Some(owner) if caller.may_act_for(&owner) => Ok(()),
            _ => Err(AppError::Unknown(Unknown::Order)),
        }
    }

    /// [`Unknown::Order`] if there is none.
    pub async fn find(&self, id: HoldId) -> Result<Booking, AppError> {
        let booking = db::bookings::find_by_hold(&self.bookings.engine.database, id).await?;
        booking
            .filter(|booking| booking.channel == Channel::Seats)
            .ok_or(AppError::Unknown(Unknown::Order))
    }

    /// The order once no concurrent step is in flight; [`AppError::InProgress`] after a time limit.
    async fn row_at_rest(&self, id: HoldId) -> Result<Booking, AppError> {
        let looking = async {
            loop {
                let order = self.find(id).await?;
                if order.requested_seats.is_none() && order.lifecycle.state != State::Pending {
                    return Ok(order);
                }
                tokio::time::sleep(OTHER_CHANGE_POLL).await;
            }
        };
        tokio::time::timeout(CHANGE_WAIT_TIMEOUT, looking)
            .await
            .unwrap_or(Err(AppError::InProgress))
    }

    /// Replaces the seats of an unpaid order, all or nothing, and starts its deadline anew within the total
    /// limit. The same seats change nothing, not even the deadline.
    pub async fn change_seats(
        &self,
        id: HoldId,
        choice: SeatChoice,
        actor: Actor,
        context: CallContext,
    ) -> Result<Booking, AppError> {
        let order = self.held(id).await?;
        let seats = choice.matched(&order.legs)?;
        for units in seats.iter().filter_map(|seats| Units::of_len(seats.len())) {
            self.bookings.unpaid.check_units(actor, "seats", units)?;
        }
        if has_seats(&order, &seats) {
            return Ok(order);
        }
        let now = db::now(&self.bookings.engine.database).await?;
        let deadline_at = self
            .bookings
            .deadlines
            .order
            .deadline(order.created_at, now);
        let changing = Booking {
            seat_change: order.seat_change + 1,
            requested_seats: Some(SeatChange { seats, deadline_at }),
            refusal: None,
            ..order
        };
        let changing = self.save(changing).await?;
        let changed = self.bookings.finish(changing, context).await?;
        match (changed.lifecycle.state, changed.refusal.clone()) {
            (State::Ended(Outcome::Expired), _) => Err(AppError::OrderExpired),
            (_, Some(refusal)) if refusal.code == RefusalCode::NoSuchSeat => {
                Err(InvalidField::new("seats", refusal.message).into())
            }
            (_, Some(refusal)) => Err(AppError::Refused(refusal)),
            (_, None) => Ok(changed),
        }
    }

    /// Starts the payment of an order, once per key; the attempts continue in the background.
    pub async fn pay_once(
        &self,
        id: HoldId,
        code: String,
        key: Option<&RequestKey>,
        answer: Answer,
        context: CallContext,
    ) -> Result<Replayable<Answer>, AppError> {
        let find = |key| db::kept_answer(&self.bookings.engine.database, key);
        let kept = key.map(|key| (key, &answer));
        let pay = async {
            let on_decline = OnDecline::Retry;
            self.begin_to_pay(id, code, on_decline, kept, context)
                .await?;
            Ok(answer.clone())
        };
        idempotency::create(key, find, Box::pin(pay)).await
    }

    /// Starts the payment of an order whose customer is on session; see [`Self::pay_once`].
    pub async fn pay(
        &self,
        id: HoldId,
        code: String,
        context: CallContext,
    ) -> Result<(), AppError> {
        self.begin_to_pay(id, code, OnDecline::AwaitCustomer, None, context)
            .await
    }

    async fn begin_to_pay(
        &self,
        id: HoldId,
        code: String,
        on_decline: OnDecline,
        kept: Option<(&RequestKey, &Answer)>,
        context: CallContext,
    ) -> Result<(), AppError> {
        let order = Booking {
            is_on_session: on_decline == OnDecline::AwaitCustomer,
            ..self.payable(id).await?
        };
        let policy = self.bookings.engine.policy(&order);
        let paying = order.after(policy, Event::PayRequested);
        let paying = Booking {
            payment_code: Some(code),
            refusal: None,
            ..paying.map_err(|_| AppError::WrongState("declined too often"))?
        };
        let paying = match kept {
            Some((key, answer)) => self.save_and_keep(paying, key, answer).await?,
            None => self.save(paying).await?,
        };
        let (engine, booking) = (self.bookings.engine.clone(), paying);
        // The attempts outlive the request, so its deadline does not apply.
        let context = CallContext {
            deadline: None,
            ..context
        };
        self.bookings.tasks.spawn(|_| async move {
            let id = booking.hold;
            if let Err(error) = engine.drive(booking, &context).await {
                tracing::warn!(order = %id, %error, "payment deferred to a worker");
            }
        });
        Ok(())
    }

    /// Cancels an order in any state; its seats are released when this returns. If a service does not answer,
    /// this fails and a worker completes the compensation.
    pub async fn cancel(
        &self,
        id: HoldId,
        actor: Actor,
        context: CallContext,
    ) -> Result<Booking, AppError> {
        let order = self.find(id).await?;
        let waits = matches!(
            order.lifecycle.public_status,
            State::Held | State::PaymentFailed { .. }
        );
        if waits && order.is_past_deadline {
            return Err(AppError::WrongState(status(&order)));
        }
        match self.bookings.abandon(order, actor, context).await {
            Err(AppError::NotCancellable(_)) => {
                Err(AppError::WrongState(status(&self.find(id).await?)))
            }
            outcome => outcome,
        }
    }

    /// A held order with time left.
    async fn held(&self, id: HoldId) -> Result<Booking, AppError> {
        let order = self.row_at_rest(id).await?;
        match order.lifecycle.state {
            State::Held if order.is_past_deadline => Err(AppError::OrderExpired),
            State::Held => Ok(order),
            State::Ended(Outcome::Expired) => Err(AppError::OrderExpired),
            _ => Err(AppError::WrongState(status(&order))),
        }
    }

    /// An order that can be paid: held, with or without a declined payment, and with time left.
    async fn payable(&self, id: HoldId) -> Result<Booking, AppError> {
        let order = self.row_at_rest(id).await?;
        match order.lifecycle.state {
            State::Held | State::PaymentFailed { .. } if order.is_past_deadline => {
                Err(AppError::OrderExpired)
            }
            State::Held | State::PaymentFailed { .. } => Ok(order),
            State::Ended(Outcome::Expired) => Err(AppError::OrderExpired),
            _ => Err(AppError::WrongState(status(&order))),
        }
    }

    /// Like [`Self::save`], with the answer to the request in the same commit.
    async fn save_and_keep(
        &self,
        order: Booking,
        key: &RequestKey,
        answer: &Answer,
    ) -> Result<Booking, AppError> {
        let engine = &self.bookings.engine;
        let change = Change {
            booking: order,
            next_step: NextStep::Mine,
            lease: engine.settings.lease,
        };
        let saved = db::bookings::update_and_keep(&engine.database, change, key, answer);
        saved.await?.ok_or(AppError::InProgress)
    }

    /// Writes a change of an order that was just read; [`AppError::InProgress`] if its version has changed.
    async fn save(&self, order: Booking) -> Result<Booking, AppError> {
        let saved = self.bookings.engine.save(order, NextStep::Mine).await;
        saved.map_err(|error| match error {
            AppError::ChangedElsewhere => AppError::InProgress,
            error => error,
        })
    }
}

/// The requested seats of a seat change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeatChoice {
    /// For an order with one flight.
    OfOneFlight(Vec<SeatNumber>),
    /// For each flight of the order, in any order.
    ByFlight(Vec<(FlightId, Vec<SeatNumber>)>),
}

impl SeatChoice {
    /// The seats by leg. Refuses unknown, missing and repeated flights.
    fn matched(self, legs: &[Leg]) -> Result<Vec<Vec<SeatNumber>>, AppError> {
        let invalid = |field: String, detail: String| Err(InvalidField::new(field, detail).into());
        let chosen = match self {
            Self::OfOneFlight(seats) if legs.len() == 1 => return Ok(vec![seats]),
            Self::OfOneFlight(_) => {
                let detail = format!("must name the seats of {} flights", legs.len());
                return invalid("legs".to_owned(), detail);
            }
            Self::ByFlight(chosen) => chosen,
        };
        let place = |flight: FlightId| legs.iter().position(|leg| leg.flight == flight);
        let mut seats: Vec<Option<Vec<SeatNumber>>> = vec![None; legs.len()];
        for (index, (flight, of_flight)) in chosen.into_iter().enumerate() {
            let field = format!("legs/{index}/flight_id");
            let Some(leg) = place(flight).and_then(|place| seats.get_mut(place)) else {
                return invalid(field, format!("flight {flight} is not in the order"));
            };
            if leg.replace(of_flight).is_some() {
                return invalid(field, format!("flight {flight} is named twice"));
            }
        }
        let missing = seats.iter().position(Option::is_none);
        if let Some(leg) = missing.and_then(|place| legs.get(place)) {
            let detail = format!("must name the seats of flight {}", leg.flight);
            return invalid("legs".to_owned(), detail);
        }
        Ok(seats.into_iter().flatten().collect())
    }
}

/// Whether the order has these seats already, in any order.
fn has_seats(order: &Booking, seats: &[Vec<SeatNumber>]) -> bool {
    let set = |seats: &[SeatNumber]| seats.iter().copied().collect::<BTreeSet<_>>();
    let mut legs = order.legs.iter().zip(seats);
    legs.all(|(leg, seats)| set(&leg.seats) == set(seats))
}

/// One leg per flight; `None` if a flight has no seats.
#[must_use]
pub fn legs(seats: Vec<(FlightId, Vec<SeatNumber>)>) -> Option<Vec<Leg>> {
    seats
        .into_iter()
        .map(|(flight, seats)| {
            let units = Units::of_len(seats.len())?;
            Some(Leg {
                flight,
                units,
                seats,
            })
        })
        .collect()
}

/// Five digits.
#[must_use]
pub fn is_payment_code(code: &str) -> bool {
    code.len() == 5 && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// The status that this channel reports.
#[must_use]
pub fn status(order: &Booking) -> &'static str {
    match order.lifecycle.public_status {
        State::Pending => "CREATED",
        State::Held | State::PaymentFailed { .. } => "SEATS_RESERVED",
        State::Paying { .. } => "PAYMENT_PENDING",
        State::Confirmed => "CONFIRMED",
        State::Ended(Outcome::Failed) => "FAILED",
        State::Ended(Outcome::Expired) => "EXPIRED",
        State::Ended(Outcome::Cancelled) => "CANCELLED",
    }
}

/// Whole seconds until the hold expires; zero unless the seats are held.
#[must_use]
pub fn seconds_left(order: &Booking, now: Timestamp) -> i64 {
    match order.lifecycle.public_status {
        State::Held | State::PaymentFailed { .. } => {
            order.deadline_at.duration_since(now).as_secs().max(0)
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seats(name: &str) -> Vec<SeatNumber> {
        vec![name.parse().unwrap()]
    }

    fn matched(choice: &[(i64, &str)]) -> Result<Vec<Vec<SeatNumber>>, String> {
        let legs = legs(vec![(FlightId(8), seats("A1")), (FlightId(9), seats("B1"))]).unwrap();
        let choice = choice
            .iter()
            .map(|(flight, name)| (FlightId(*flight), seats(name)));
        let matched = SeatChoice::ByFlight(choice.collect()).matched(&legs);
        matched.map_err(|error| error.to_string())
    }

    #[test]
    fn seats_go_to_the_flight_that_they_are_named_for() {
        let chosen = vec![seats("A2"), seats("B2")];
        assert_eq!(matched(&[(8, "A2"), (9, "B2")]), Ok(chosen.clone()));
        assert_eq!(matched(&[(9, "B2"), (8, "A2")]), Ok(chosen));
    }

    #[test]
    fn a_flight_that_is_missing_repeated_or_foreign_is_named() {
        for (choice, error) in [
            (&[(8, "A2")][..], "legs: must name the seats of flight 9"),
            (&[][..], "legs: must name the seats of flight 8"),
            (
                &[(8, "A2"), (8, "A3")][..],
                "legs/1/flight_id: flight 8 is named twice",
            ),
            (
                &[(8, "A2"), (7, "A3")][..],
                "legs/1/flight_id: flight 7 is not in the order",
            ),
        ] {
            assert_eq!(matched(choice), Err(error.to_owned()));
        }
        let legs = legs(vec![(FlightId(8), seats("A1")), (FlightId(9), seats("B1"))]).unwrap();
        let of_one = SeatChoice::OfOneFlight(seats("A2")).matched(&legs);
        assert_eq!(
            of_one.unwrap_err().to_string(),
            "legs: must name the seats of 2 flights"
        );
    }
}
