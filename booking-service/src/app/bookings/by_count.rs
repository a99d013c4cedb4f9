//! Bookings by count: make, look up, list, cancel. Also what all channels share: adding a booking under an
//! idempotency key, and cancelling one.

use service_core::idempotency::Replayable;
use std::time::Duration;

use clients::CallContext;
use domain::sale_rules::Cutoff;
use domain::sale_rules::holding::HoldTime;
use domain::{BookingId, HoldId};
use flight_api::Flight;
use lifecycle::{Event, Outcome, State};
use service_core::background_tasks::BackgroundTasks;
use service_core::page::{Page, PageRequest};
use tokio::sync::oneshot;

use crate::app::bookings::engine::Engine;
use crate::app::bookings::unpaid_orders::UnpaidOrders;
use crate::app::{AppError, Unknown};
use crate::db;
use crate::db::DbError;
use crate::db::bookings::{Insertion, NextStep};
use crate::model::actor::Actor;
use crate::model::booking::{Booking, Channel, NewBooking};

/// Time limit of the flight lookup that decorates a booking.
const FLIGHT_TIMEOUT: Duration = Duration::from_secs(1);

/// Attempts of a change that loses against concurrent ones (optimistic locking).
const CHANGES_MAX: usize = 5;

#[derive(Clone)]
pub struct Bookings {
    pub engine: Engine,
    /// Runs work to its end after the client has disconnected.
    pub tasks: BackgroundTasks,
    pub deadlines: Deadlines,
    /// Limits of what a customer may hold without having paid.
    pub unpaid: UnpaidOrders,
    pub cutoffs: Cutoffs,
}

/// Deadlines for customers to cancel confirmed bookings.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cutoffs {
    /// Before departure, for an itinerary of its first flight.
    pub flights: Cutoff,
    /// Before the event starts.
    pub events: Cutoff,
}

impl Cutoffs {
    #[must_use]
    pub fn of(&self, channel: Channel) -> Cutoff {
        match channel {
            Channel::Event => self.events,
            Channel::Count | Channel::Seats | Channel::Simple => self.flights,
        }
    }
}

/// Time limits of unpaid bookings: no step towards payment starts after them.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// For bookings paid at once.
    pub booking: Duration,
    /// For chosen seats: how long they are held.
    pub order: HoldTime,
}

impl Bookings {
    /// Adds a booking and drives it until it is decided or waits for its customer. A refused booking is returned
    /// as a failed one. Fails if the outcome is not known yet, or the key belongs to another request.
    pub async fn book(
        &self,
        new: NewBooking,
        context: CallContext,
    ) -> Result<Replayable<Booking>, AppError> {
        for leg in &new.legs {
            self.unpaid.check_units(new.actor, "seats", leg.units)?;
        }
        let key = new.key.clone();
        let mut insertion = Insertion {
            hold: key
                .as_ref()
                .map_or_else(HoldId::generate, |key| HoldId(key.id())),
            deadline: match new.channel {
                Channel::Seats => self.deadlines.order.each,
                // Event bookings have their own deadline and are not made here.
                Channel::Count | Channel::Simple | Channel::Event => self.deadlines.booking,
            },
            lease: self.engine.settings.lease,
            new,
        };
        let mut added = self.add(insertion.clone()).await?;
        if added.is_none() {
            let key = key.ok_or(AppError::InProgress)?;
            let earlier = db::bookings::find_by_key(&self.engine.database, &key.key).await?;
            if let Some(booking) = earlier {
                if !key.is_of(&booking.digest) {
                    return Err(AppError::KeyReused);
                }
                let booking = self.resumed(booking, context).await?;
                return Ok(Replayable {
                    value: booking.into_answered(),
                    replayed: true,
                });
            }
            // An earlier request with this key was refused and left the key free, but its booking has the
            // key's hold id.
            insertion.hold = HoldId::generate();
            added = self.add(insertion).await?;
        }
        let booking = added.ok_or(AppError::InProgress)?;
        crash_points::point("add.after");
        let booking = self.finish(booking, context).await?;
        Ok(Replayable::new(booking.into_answered()))
    }

    /// Adds a booking if its customer's limits allow; `None` if its key has a booking already.
    async fn add(&self, insertion: Insertion) -> Result<Option<Booking>, AppError> {
        let NewBooking {
            actor, user, key, ..
        } = &insertion.new;
        let hold = insertion.hold;
        if self.unpaid.concern(*actor)
            && let Some(key) = key
        {
            // A replay is answered even if the limits are reached meanwhile.
            let earlier = db::bookings::find_by_key(&self.engine.database, &key.key).await?;
            if earlier.is_some() {
                return Ok(None);
            }
        }
        match insertion.new.channel {
            Channel::Seats => self.unpaid.claim(*actor, user, hold).await?,
            Channel::Simple => self.unpaid.claim_for_good(*actor, user, hold).await?,
            // Bookings by count are charged at once; event bookings are not made here.
            Channel::Count | Channel::Event => {}
        }
        Ok(self.engine.writer.add(insertion).await?)
    }

    /// The booking of an earlier request with this key: driven on unless it is answered, decided or at rest.
    /// [`AppError::InProgress`] if another worker has its lease.
    async fn resumed(&self, booking: Booking, context: CallContext) -> Result<Booking, AppError> {
        if booking.answer.is_some() || booking.lifecycle.is_decided() || !booking.has_work() {
            return Ok(booking);
        }
        let engine = &self.engine;
        let lease = engine.settings.lease;
        let claimed = db::bookings::claim_one(&engine.database, booking.id, lease).await?;
        let claimed = claimed.ok_or(AppError::InProgress)?;
        self.finish(claimed, context).await
    }

    /// Drives a booking until it is decided or waits for its customer, even if the client disconnects.
    pub async fn finish(
        &self,
        booking: Booking,
        context: CallContext,
    ) -> Result<Booking, AppError> {
        let engine = self.engine.clone();
        let id = booking.id;
        let (decided, confirmed) = oneshot::channel();
        let work =
            Box::pin(async move { engine.drive_notifying(booking, &context, decided).await });
        let outcome = tokio::select! {
            biased;
            // Selling the seats goes on in the background.
            Ok(booking) = confirmed => return Ok(booking),
            outcome = self.tasks.finish(work) => outcome,
        };
        match outcome {
            // A concurrent request ended the booking; its outcome counts.
            Some(Err(AppError::ChangedElsewhere)) => {
                let booking = self.find(id).await?;
                if booking.lifecycle.is_decided() {
                    Ok(booking)
                } else {
                    Err(AppError::InProgress)
                }
            }
            Some(outcome) => outcome,
            None => Err(AppError::TaskAborted),
        }
    }

    /// [`Unknown::Booking`] if there is none.
    pub async fn find(&self, id: BookingId) -> Result<Booking, AppError> {
        let booking = db::bookings::find(&self.engine.database, id).await?;
        booking.ok_or(AppError::Unknown(Unknown::Booking(id)))
    }

    /// A booking of this channel.
    pub async fn find_count(&self, id: BookingId) -> Result<Booking, AppError> {
        let booking = self.find(id).await?;
        let is_by_count = booking.channel == Channel::Count;
        is_by_count
            .then_some(booking)
            .ok_or(AppError::Unknown(Unknown::Booking(id)))
    }

    /// A page of a user's bookings by count, newest first.
    pub async fn of_user(
        &self,
        user: &str,
        part: PageRequest<BookingId>,
        limit: i64,
    ) -> Result<Page<Booking, BookingId>, AppError> {
        let database = &self.engine.database;
        // One row more than shown tells whether there is a next page.
        let found = db::bookings::of_user(database, user, Channel::Count, part, limit + 1).await?;
        Ok(Page::of(found, &part, limit, |booking| booking.id))
    }

    /// A booking's first flight; `None` if flight-service does not answer within a second.
    pub async fn flight(&self, booking: &Booking, context: &CallContext) -> Option<Flight> {
        let id = booking.legs.first()?.flight;
        let call = self.engine.flights.flight(id, context);
        tokio::time::timeout(FLIGHT_TIMEOUT, call).await.ok()?.ok()
    }

    /// Cancels a confirmed booking: its seats are released when this returns, and its charge is refunded if
    /// payment-service answers. If a service does not answer, this fails and a worker completes the
    /// cancellation.
    pub async fn cancel(
        &self,
        booking: Booking,
        actor: Actor,
        context: CallContext,
    ) -> Result<Booking, AppError> {
        if booking.lifecycle.public_status != State::Confirmed {
            return Err(AppError::NotCancellable(shown_text(&booking)));
        }
        self.abandon(booking, actor, context).await
    }

    /// Whether a customer may still cancel.
    async fn check_cutoff(
        &self,
        booking: &Booking,
        actor: Actor,
        context: &CallContext,
    ) -> Result<(), AppError> {
        let cutoff = self.cutoffs.of(booking.channel);
        if !actor.is_customer() || cutoff.before_start.is_none() {
            return Ok(());
        }
        let starts_at = match (&booking.tickets, booking.legs.first()) {
            (Some(tickets), _) => {
                db::tickets::events::starts_at(&self.engine.database, tickets.event).await?
            }
            (None, Some(leg)) => {
                let flight = self.engine.flights.flight(leg.flight, context).await;
                let name = leg.flight.to_string();
                Some(flight.map_err(AppError::of_flight(&name))?.departure_time)
            }
            (None, None) => None,
        };
        let starts_at = starts_at.ok_or(DbError::Unreadable("bookings"))?;
        match cutoff.of(starts_at) {
            Some(until) if until <= db::now(&self.engine.database).await? => {
                Err(AppError::PastCutoff(until))
            }
            _ => Ok(()),
        }
    }

    /// Ends a booking in any state that has not ended, and waits for one that is being ended. If a service
    /// does not answer, this fails and a worker completes the compensation.
    pub async fn abandon(
        &self,
        mut booking: Booking,
        actor: Actor,
        context: CallContext,
    ) -> Result<Booking, AppError> {
        for _ in 0..CHANGES_MAX {
            match booking.lifecycle.state {
                State::Ended(_) => return self.already_ended(booking, context).await,
                State::Confirmed => self.check_cutoff(&booking, actor, &context).await?,
                _ => {}
            }
            let policy = self.engine.policy(&booking);
            let cancelled = Booking {
                refusal: None,
                requested_seats: None,
                ..booking.after(policy, Event::CancelRequested)?
            };
            match self.engine.save(cancelled, NextStep::Mine).await {
                Ok(cancelled) => return self.finish(cancelled, context).await,
                // Another worker took a step first.
                Err(AppError::ChangedElsewhere) => booking = self.find(booking.id).await?,
                Err(error) => return Err(error),
            }
        }
        Err(AppError::InProgress)
    }

    async fn already_ended(
        &self,
        booking: Booking,
        context: CallContext,
    ) -> Result<Booking, AppError> {
        if booking.lifecycle.is_decided() {
            return Err(AppError::NotCancellable(shown_text(&booking)));
        }
        // Its compensation is running: as a cancellation, or for another reason that came first.
        let ended = self.resumed(booking, context).await?;
        match ended.lifecycle.state {
            State::Ended(Outcome::Cancelled) => Ok(ended),
            _ => Err(AppError::NotCancellable(shown_text(&ended))),
        }
    }
}

/// The status that this channel reports.
#[must_use]
pub fn shown_text(booking: &Booking) -> &'static str {
    match booking.lifecycle.public_status {
        State::Pending | State::Held | State::Paying { .. } | State::PaymentFailed { .. } => {
            "pending"
        }
        State::Confirmed => "confirmed",
        State::Ended(Outcome::Cancelled) => "cancelled",
        State::Ended(Outcome::Failed | Outcome::Expired) => "failed",
    }
}
