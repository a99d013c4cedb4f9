//! The booking engine: performs the actions that a booking's state machine asks for, one step at a time.
//!
//! Every step is idempotent. It calls another service under a name that belongs to the booking (the hold's
//! id, an attempt's key), then writes the outcome to the version of the row that was read (optimistic
//! locking). So a worker that crashes between the two, or is overtaken, leaves nothing that another cannot
//! continue.

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

/// Backoff after a step got no answer; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest backoff: a client that retries soon after an outage finds the booking reversed.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// Backoff of a refund whose charge is missing: an operator has to find the charge first.
const OWED_PAUSE: Duration = Duration::from_secs(60);

#[derive(Clone)]
pub struct Engine {
    pub database: Pool,
    pub writer: Writer,
    pub flights: FlightClient,
    /// Batched confirmations at flight-service.
    pub sales: Sales,
    /// Counts event tickets.
    pub inventory: Arc<Inventory>,
    pub payments: PaymentClient,
    /// Leases of the bookings that this process drives.
    pub leases: Leases,
    pub settings: EngineSettings,
}

#[derive(Clone, Copy, Debug)]
pub struct EngineSettings {
    /// Renewed while the work makes progress.
    pub lease: Duration,
    /// The hold outlives the deadline by this, as a margin for clocks that differ.
    pub hold_margin: Duration,
    pub payment_attempts: PaymentAttempts,
    /// The pause before the second payment attempt; it doubles before each further one.
    pub attempt_pause: Duration,
    /// How long to wait for a paid booking's sale before confirming it with its seats only pinned.
    pub confirm_timeout: Duration,
}

/// The outcome of a step.
enum Step {
    /// The booking's next state, still to be written.
    Write(Booking),
    /// The same, gathered with other bookings first: nobody waits for it.
    WriteLater(Booking),
    /// The booking's next state, which the next step writes together with its own: until then the row as it
    /// stands covers it.
    Carry(Booking),
    /// The step has written the booking.
    Written(Booking),
    /// Written, and due later: a worker continues then.
    Deferred(Booking),
}

impl Engine {
    #[must_use]
    pub fn policy(&self, booking: &Booking) -> PaymentPolicy {
        booking.policy(self.settings.payment_attempts)
    }

    /// Drives a booking, whose lease the caller holds, until it waits for its customer or is done. On an
    /// error the booking is postponed, and a worker continues later.
    pub async fn drive(
        &self,
        booking: Booking,
        context: &CallContext,
    ) -> Result<Booking, AppError> {
        let (decided, _) = oneshot::channel();
        self.drive_notifying(booking, context, decided).await
    }

    /// Like [`Self::drive`], and sends the booking once it is confirmed, before its seats are sold.
    pub async fn drive_notifying(
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
            // Progress. The write that follows sets a lease of its own.
            lease.follow(&booking);
            booking = match step {
                Step::Write(next) => self.save(next, NextStep::Mine).await?,
                Step::WriteLater(next) => self.save_later(next).await?,
                Step::Carry(next) => next,
                Step::Written(next) => next,
                Step::Deferred(next) => return Ok(next),
            };
            if booking.lifecycle.state == State::Confirmed
                && let Some(decided) = decided.take()
            {
                decided.send(booking.clone()).ok();
            }
        }
        Ok(booking)
    }

    /// Performs the next action; `None` if the booking waits for its customer or is done.
    async fn step(
        &self,
        booking: &Booking,
        context: &CallContext,
    ) -> Result<Option<Step>, AppError> {
        if let Some(wanted) = &booking.requested_seats
            && booking.lifecycle.state == State::Held
        {
            return self.change_seats(booking, wanted, context).await.map(Some);
        }
        let step = match booking.lifecycle.next() {
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

    /// Postpones a booking whose step failed. A decided one is returned all the same.
    async fn stalled(&self, booking: Booking, error: AppError) -> Result<Booking, AppError> {
        if matches!(error, AppError::ChangedElsewhere) {
            return Err(error);
        }
        let pause = match error {
            AppError::ChargeMissing(_) => OWED_PAUSE,
            _ => pause_after(booking.lease_reclaims),
        };
        db::bookings::postpone(&self.database, &booking, pause).await?;
        if booking.lifecycle.is_decided() {
            tracing::warn!(booking = %booking.id, %error, "booking deferred to a worker");
            return Ok(booking);
        }
        Err(error)
    }

    /// Writes a changed booking. [`AppError::ChangedElsewhere`] if its version has changed.
    pub async fn save(&self, booking: Booking, next_step: NextStep) -> Result<Booking, AppError> {
        let change = self.change(booking, next_step);
        saved_at_crash_point(self.writer.save(change).await?)
    }

    /// Like [`Self::save`] for a booking that has no work left.
    async fn save_later(&self, booking: Booking) -> Result<Booking, AppError> {
        let change = self.change(booking, NextStep::Mine);
        saved_at_crash_point(self.writer.save_later(change).await?)
    }

    fn change(&self, booking: Booking, next_step: NextStep) -> Change {
        Change {
            booking,
            next_step,
            lease: self.settings.lease,
        }
    }

    /// Applies an event.
    fn after(&self, booking: &Booking, event: Event) -> Result<Booking, AppError> {
        Ok(booking.after(self.policy(booking), event)?)
    }

    /// Applies an event that ends the booking, with the reason for the customer.
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

    /// Ends a booking that got no answer in time. Without a key nobody can ask for it again, so it must not
    /// succeed later.
    async fn abandon(&self, booking: &Booking, refusal: Refusal) -> Result<(), AppError> {
        let abandoned = self.refused(booking, Event::Abandoned, refusal)?;
        let pause = NextStep::After(pause_after(booking.lease_reclaims));
        self.save(abandoned, pause).await?;
        Ok(())
    }
}

fn saved_at_crash_point(saved: Option<Booking>) -> Result<Booking, AppError> {
    let saved = saved.ok_or(AppError::ChangedElsewhere)?;
    crash_points::point(crash_point_name(saved.lifecycle.state));
    Ok(saved)
}

fn no_answer(booking: &Booking, service: &'static str, error: CallError) -> AppError {
    AppError::Service {
        booking: booking.id,
        service,
        error,
    }
}

/// The crash point after writing this state.
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

/// Exponential backoff.
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
