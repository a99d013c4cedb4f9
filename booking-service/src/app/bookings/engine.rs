//! Does what a booking's life asks for, step by step, each safe to repeat.
//!
//! A step calls another service under a name that belongs to the booking (the hold's id, an attempt's
//! key), and then writes what came of it to the version of the row that was read. So whoever is stopped
//! between the two, or overtaken, leaves nothing that another can't pick up.

mod pay;
mod sales;
mod seats;
mod tickets;

use std::sync::Arc;
use std::time::Duration;

use clients::{CallContext, CallError, FlightClient, PaymentClient};
use deadpool_postgres::Pool;
use inventory::Inventory;
use lifecycle::{Action, Event, PaymentPolicy, State};
use tokio::sync::oneshot;

use crate::app::AppError;
use crate::app::bookings::leases::Leases;
use crate::db;
use crate::db::bookings::writer::Writer;
use crate::db::bookings::{Change, NextStep};
use crate::model::booking::{Booking, Channel, PaymentAttempts};
use crate::model::refusal::Refusal;
pub use sales::Sales;

/// The pause before a step is tried again after no answer; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause: whoever asks again for a booking soon after an outage finds it reversed.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// The pause before a refund is tried again whose charge is not there: somebody has to find it first.
const OWED_PAUSE: Duration = Duration::from_secs(60);

/// Moves bookings on.
#[derive(Clone)]
pub struct Engine {
    /// The bookings database.
    pub database: Pool,
    /// What writes bookings.
    pub writer: Writer,
    /// flight-service.
    pub flights: FlightClient,
    /// What turns paid holds into sales at flight-service.
    pub sales: Sales,
    /// Where tickets to events are counted.
    pub inventory: Arc<Inventory>,
    /// payment-service.
    pub payments: PaymentClient,
    /// What this process works on.
    pub leases: Leases,
    /// How it goes about it.
    pub settings: EngineSettings,
}

/// How bookings are worked on.
#[derive(Clone, Copy, Debug)]
pub struct EngineSettings {
    /// How long a booking belongs to whoever works on it, unless that is renewed.
    pub lease: Duration,
    /// How long seats stay held after the deadline: a backstop for clocks that differ.
    pub hold_margin: Duration,
    /// How many attempts there are to pay.
    pub payment_attempts: PaymentAttempts,
    /// The pause before the second attempt; it doubles before each further one.
    pub attempt_pause: Duration,
    /// How long a paid booking's sale is waited for before the booking is confirmed without it.
    pub confirm_timeout: Duration,
}

/// What a step came to.
enum Step {
    /// The booking as it is to be written.
    Write(Booking),
    /// The booking was written meanwhile.
    Written(Booking),
    /// The same, and a worker continues when it is due.
    Deferred(Booking),
}

impl Engine {
    /// What is agreed with a booking's customer.
    #[must_use]
    pub fn policy(&self, booking: &Booking) -> PaymentPolicy {
        booking.policy(self.settings.payment_attempts)
    }

    /// Works on a booking, which belongs to the caller, until nothing is left to do but to wait for the
    /// customer.
    ///
    /// # Errors
    /// When a service or the database does not answer: somebody goes on with the booking later.
    pub async fn drive(
        &self,
        booking: Booking,
        context: &CallContext,
    ) -> Result<Booking, AppError> {
        let (decided, _) = oneshot::channel();
        self.drive_telling(booking, context, decided).await
    }

    /// The same, and tells whoever waits once the booking is confirmed, before its seats are sold.
    ///
    /// # Errors
    /// As [`Self::drive`].
    pub async fn drive_telling(
        &self,
        mut booking: Booking,
        context: &CallContext,
        decided: oneshot::Sender<Booking>,
    ) -> Result<Booking, AppError> {
        let mut decided = Some(decided);
        let lease = self.leases.keep(&booking);
        loop {
            lease.follow(&booking);
            let step = match self.step(&booking, context).await {
                Ok(None) => break,
                Ok(Some(step)) => step,
                Err(error) => return self.stalled(booking, error).await,
            };
            // The step came back; what is written now carries a lease of its own.
            lease.follow(&booking);
            booking = match step {
                Step::Write(next) => self.save(next, NextStep::Mine).await?,
                Step::Written(next) => next,
                Step::Deferred(next) => return Ok(next),
            };
            if booking.life.state == State::Confirmed
                && let Some(decided) = decided.take()
            {
                decided.send(booking.clone()).ok();
            }
        }
        Ok(booking)
    }

    /// What is next; nothing when the booking waits for the customer, or for good.
    async fn step(
        &self,
        booking: &Booking,
        context: &CallContext,
    ) -> Result<Option<Step>, AppError> {
        if let Some(wanted) = &booking.requested_seats
            && booking.life.state == State::Held
        {
            return self.change_seats(booking, wanted, context).await.map(Some);
        }
        let step = match booking.life.next() {
            Action::Hold => self.hold(booking, context).await?,
            Action::Pay { attempt } => self.pay(booking, attempt, context).await?,
            Action::Confirm => self.confirm(booking).await?,
            Action::Release if booking.channel == Channel::Event => {
                self.release_tickets(booking).await?
            }
            Action::Release => self.release(booking, context).await?,
            Action::Reverse { attempt } => self.reverse(booking, attempt, context).await?,
            Action::AwaitCustomer if booking.is_past_deadline => self.out_of_time(booking)?,
            Action::AwaitCustomer | Action::Nothing => return Ok(None),
        };
        Ok(Some(step))
    }

    /// Nobody answered: the booking is left for later. One that is decided is answered all the same.
    async fn stalled(&self, booking: Booking, error: AppError) -> Result<Booking, AppError> {
        if matches!(error, AppError::ChangedElsewhere) {
            return Err(error);
        }
        let pause = match error {
            AppError::ChargeMissing(_) => OWED_PAUSE,
            _ => pause_after(booking.lease_reclaims),
        };
        db::bookings::postpone(&self.database, &booking, pause).await?;
        if booking.life.is_decided() {
            tracing::warn!(booking = %booking.id, %error, "booking deferred to a worker");
            return Ok(booking);
        }
        Err(error)
    }

    /// Writes a booking that the caller read and changed.
    ///
    /// # Errors
    /// When somebody else changed it since, or the database does not answer.
    pub async fn save(&self, booking: Booking, next_step: NextStep) -> Result<Booking, AppError> {
        let change = Change {
            booking,
            next_step,
            lease: self.settings.lease,
        };
        let saved = self.writer.save(change).await?;
        let saved = saved.ok_or(AppError::ChangedElsewhere)?;
        crash_points::point(crash_point_name(saved.life.state));
        Ok(saved)
    }

    /// The booking after this event.
    fn after(&self, booking: &Booking, event: Event) -> Result<Booking, AppError> {
        Ok(booking.after(self.policy(booking), event)?)
    }

    /// The booking after an event that ends it, with the reason for the customer.
    fn refused(
        &self,
        booking: &Booking,
        event: Event,
        refusal: Refusal,
    ) -> Result<Booking, AppError> {
        Ok(Booking {
            refusal: Some(refusal),
            requested_seats: None,
            ..self.after(booking, event)?
        })
    }

    /// Has a booking undone that nothing came of in time: nobody can ask again for one without a key, so
    /// it must not come about later.
    async fn abandon(&self, booking: &Booking, refusal: Refusal) -> Result<(), AppError> {
        let abandoned = self.refused(booking, Event::Abandoned, refusal)?;
        let pause = NextStep::After(pause_after(booking.lease_reclaims));
        self.save(abandoned, pause).await?;
        Ok(())
    }
}

fn no_answer(booking: &Booking, service: &'static str, error: CallError) -> AppError {
    AppError::Service {
        booking: booking.id,
        service,
        error,
    }
}

/// The crash point after a booking was written in this state.
fn crash_point_name(state: State) -> &'static str {
    match state {
        State::Pending => "pending.after",
        State::Held => "held.after",
        State::Paying { .. } => "paying.after",
        State::PaymentFailed { .. } => "declined.after",
        State::Confirmed => "confirmed.after",
        State::Ended(_) => "ended.after",
    }
}

/// How long to wait before a booking is worked on again.
fn pause_after(lease_reclaims: i32) -> Duration {
    let doublings = u32::try_from(lease_reclaims).unwrap_or(0).min(2);
    (FIRST_PAUSE * 2u32.pow(doublings)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_four_seconds() {
        let seconds: Vec<u64> = (0..7)
            .map(|lease_reclaims| pause_after(lease_reclaims).as_secs())
            .collect();
        assert_eq!(seconds, [1, 2, 4, 4, 4, 4, 4]);
    }
}
