//! Event bookings: hold tickets, pay through a queue, list, cancel.
//!
//! The tickets, a use of the voucher and the user's limit for the event are pools, taken in one hold, all or
//! nothing, so concurrent requests cannot interfere. The booking's row is written in the hold's transaction
//! and also serves as the payment job: see [`crate::app::tickets::payment_jobs`].

mod quote;
mod request;

pub use request::EventBookingRequest;

use std::time::Duration;

use clients::CallContext;
use domain::{HoldId, RefusalCode};
use inventory::{HoldCommand, InventoryError, LegRequest, Refusal, Until};
use jiff::Timestamp;
use service_core::idempotency::{self, Replayable, StoredResult};
use uuid::Uuid;

use crate::app::bookings::by_count::Bookings;
use crate::app::key_locks::KeyLocks;
use crate::app::tickets::event_bookings::quote::Quote;
use crate::app::tickets::job_notifier::{Job, JobNotifier};
use crate::app::{AppError, Unknown};
use crate::db;
use crate::db::DbError;
use crate::db::tickets::event_bookings::NewEventBooking;
use crate::model::actor::Actor;
use crate::model::booking::{Booking, Channel};
use crate::model::event_booking::{EventBooking, EventBookingStatus};
use crate::model::refusal::Refusal as Reason;

/// Pause before abandoning a booking with an unknown commit outcome is retried.
const ABANDON_RETRY_PAUSE: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub struct EventBookings {
    pub bookings: Bookings,
    pub notifier: JobNotifier,
    /// Payment deadline, from the time of booking.
    pub deadline: Duration,
    pub key_locks: KeyLocks,
}

impl EventBookings {
    /// Holds tickets and queues their payment, once per key. A free booking is confirmed at once.
    pub async fn create(
        &self,
        request: EventBookingRequest,
    ) -> Result<Replayable<EventBooking>, AppError> {
        let _lock = self
            .key_locks
            .lock(request.key.as_ref().map(|key| key.key.as_str()))
            .await;
        let find = |key| self.booked_under(key);
        let book = Box::pin(self.book(&request));
        idempotency::create(request.key.as_ref(), find, book).await
    }

    async fn book(&self, request: &EventBookingRequest) -> Result<EventBooking, AppError> {
        let unpaid = &self.bookings.unpaid;
        unpaid.check_units(request.actor, "quantity", request.quantity)?;
        let quote = Quote::make(&self.bookings.engine, request).await?;
        let hold = self.hold_of(request).await?;
        if quote.is_free() {
            return self.take(hold, request, &quote).await;
        }
        let user = request.user.to_string();
        unpaid.claim(request.actor, &user, hold).await?;
        let taken = self.take(hold, request, &quote).await;
        if matches!(taken, Err(AppError::Refused(_))) {
            unpaid.release_claim(request.actor, hold).await;
        }
        taken
    }

    /// Holds what the quote needs and writes the booking, in one commit.
    async fn take(
        &self,
        hold: HoldId,
        request: &EventBookingRequest,
        quote: &Quote,
    ) -> Result<EventBooking, AppError> {
        let new = self.new_booking(hold, request, quote);
        let until = if quote.is_free() {
            Until::Sold
        } else {
            Until::Pinned
        };
        let command = HoldCommand::new(hold, hold.to_string(), legs(quote), until)?;
        let inventory = &self.bookings.engine.inventory;
        let taking = inventory.hold(command.gated_by(quote.tickets));
        match taking.with(new.clone()).with_new_id().send().await {
            // The same request at another replica was first.
            Ok(view) if view.replayed => Err(AppError::AlreadyCreated),
            Ok(_) => {
                crash_points::point("job.after");
                if !quote.is_free() {
                    self.notifier.notify(Job::new(hold));
                }
                Ok(new.booking)
            }
            Err(InventoryError::Refused(Refusal::SoldOut)) => {
                Err(quote.shortage(&self.bookings.engine).await?)
            }
            Err(InventoryError::Refused(Refusal::SalesClosed)) => Err(AppError::Refused(
                Reason::new(RefusalCode::SalesClosed, "sales are closed"),
            )),
            Err(error @ InventoryError::Refused(_)) => Err(error.into()),
            Err(InventoryError::Conflict(key)) if key == db::tickets::event_bookings::USER => {
                Err(AppError::Unknown(Unknown::User))
            }
            Err(error) => {
                if request.key.is_none() {
                    self.abandon_in_background(hold);
                }
                Err(error.into())
            }
        }
    }

    /// Abandons a booking whose commit outcome is unknown and that has no key to ask for it again: it must
    /// not succeed unnoticed. If it arrives later, a tombstone refuses its hold.
    fn abandon_in_background(&self, hold: HoldId) {
        let this = self.clone();
        self.bookings.tasks.spawn(|stop| async move {
            while let Err(error) = this.abandon(hold).await {
                tracing::warn!(booking = %hold, %error, "abandoning a booking with unknown commit outcome failed; retrying");
                if stop
                    .run_until_cancelled(tokio::time::sleep(ABANDON_RETRY_PAUSE))
                    .await
                    .is_none()
                {
                    return;
                }
            }
        });
    }

    async fn abandon(&self, hold: HoldId) -> Result<(), AppError> {
        let engine = &self.bookings.engine;
        if let Some(booking) = db::bookings::find_by_hold(&engine.database, hold).await? {
            let abandoned = self
                .bookings
                .abandon(booking, Actor::Staff, CallContext::default())
                .await;
            return match abandoned {
                Ok(_) | Err(AppError::NotCancellable(_)) => Ok(()),
                Err(error) => Err(error),
            };
        }
        engine.inventory.release(hold).send().await?;
        // The booking may have been committed between the two.
        match db::bookings::find_by_hold(&engine.database, hold).await? {
            Some(_) => Err(AppError::InProgress),
            None => Ok(()),
        }
    }

    /// The id of a booking and its hold. Under a key it is always the same, so its charges are found even if
    /// the booking is lost. A refused hold keeps this id and leaves the key free, so the next one gets a new
    /// id.
    async fn hold_of(&self, request: &EventBookingRequest) -> Result<HoldId, AppError> {
        let Some(key) = &request.key else {
            return Ok(HoldId::generate());
        };
        let hold = HoldId(key.id());
        let recorded = self.bookings.engine.inventory.find_hold(hold).await?;
        Ok(if recorded.is_some() {
            HoldId::generate()
        } else {
            hold
        })
    }

    fn new_booking(
        &self,
        hold: HoldId,
        request: &EventBookingRequest,
        quote: &Quote,
    ) -> NewEventBooking {
        let created_at = quote.now;
        let booking = EventBooking {
            id: hold,
            user: request.user.to_string(),
            event: request.event,
            quantity: request.quantity,
            status: EventBookingStatus::Pending,
            is_declined: false,
            total: quote.total,
            discount: quote.discount,
            voucher: quote.voucher.as_ref().map(|voucher| voucher.code.clone()),
            attempts: 0,
            deadline_at: created_at
                .checked_add(self.deadline)
                .unwrap_or(Timestamp::MAX),
            reason: None,
            created_at,
            updated_at: created_at,
        };
        NewEventBooking {
            booking: booking.into_made(),
            user: request.user,
            unit_price_minor: quote.unit_price.minor(),
            voucher: quote.voucher.as_ref().map(|voucher| voucher.id),
            key: request.key.clone(),
        }
    }

    async fn booked_under(&self, key: &str) -> Result<Option<StoredResult<EventBooking>>, DbError> {
        let booking = db::bookings::find_by_key(&self.bookings.engine.database, key).await?;
        booking
            .map(|booking| {
                let digest = booking.digest.clone();
                let tickets = EventBooking::of(booking);
                let tickets = tickets.ok_or(DbError::Unreadable("bookings"))?;
                Ok((tickets.into_made(), Some(digest)))
            })
            .transpose()
    }

    /// [`Unknown::EventBooking`] if there is none.
    pub async fn find(&self, id: HoldId) -> Result<EventBooking, AppError> {
        view_of(self.row(id).await?)
    }

    async fn row(&self, id: HoldId) -> Result<Booking, AppError> {
        let booking = db::bookings::find_by_hold(&self.bookings.engine.database, id).await?;
        booking
            .filter(|booking| booking.channel == Channel::Event)
            .ok_or(AppError::Unknown(Unknown::EventBooking))
    }

    /// A page of a user's event bookings, newest first, older than `after`.
    pub async fn of_user(
        &self,
        user: Uuid,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<EventBooking>, AppError> {
        let database = &self.bookings.engine.database;
        let found = db::tickets::event_bookings::of_user(database, user, after, limit).await?;
        found.into_iter().map(view_of).collect()
    }

    /// Cancels a booking, paid or not: its tickets are released when this returns, and its charge is refunded
    /// if payment-service answers. If the database does not answer, a worker completes the cancellation.
    pub async fn cancel(
        &self,
        id: HoldId,
        actor: Actor,
        context: CallContext,
    ) -> Result<EventBooking, AppError> {
        let booking = self.row(id).await?;
        match self.bookings.abandon(booking, actor, context).await {
            Err(AppError::NotCancellable(_)) => Err(AppError::WrongState("over")),
            outcome => view_of(outcome?),
        }
    }
}

/// Legs of the hold.
fn legs(quote: &Quote) -> Vec<LegRequest> {
    quote
        .wanted()
        .into_iter()
        .map(|(pool, units)| LegRequest {
            pool,
            units,
            seats: Vec::new(),
        })
        .collect()
}

fn view_of(booking: Booking) -> Result<EventBooking, AppError> {
    EventBooking::of(booking).ok_or(AppError::Unknown(Unknown::EventBooking))
}
