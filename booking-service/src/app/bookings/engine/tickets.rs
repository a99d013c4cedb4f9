//! The steps of tickets to events. They are counted in the database that bookings are in, so a booking's
//! row and its event's statistics change in the transaction that moves its tickets.

use inventory::{HoldView, InventoryError, Submission};
use lifecycle::{ChargedSeats, Event, State};

use crate::app::AppError;
use crate::app::bookings::engine::{Engine, Step};
use crate::db;
use crate::db::bookings::NextStep;
use crate::db::tickets::event_bookings::TicketsMoved;
use crate::model::booking::Booking;
use crate::model::refusal::Refusal;

impl Engine {
    /// Sells the tickets of a charged booking and confirms it.
    pub(super) async fn sell_tickets(&self, booking: &Booking) -> Result<Step, AppError> {
        let sold = Event::Charged {
            seats: ChargedSeats::Sold,
        };
        let confirmed = self.after(booking, sold)?;
        let confirm = self.inventory.confirm(booking.hold);
        if let Err(refusal) = self.move_tickets(confirm, booking, &confirmed).await? {
            let current = db::bookings::find(&self.database, booking.id).await?;
            // Cancelled during the charge: that worker has released the tickets and refunds the charge.
            if current.is_none_or(|current| current.version != booking.version) {
                return Err(AppError::ChangedElsewhere);
            }
            tracing::error!(booking = %booking.id, code = %refusal.code(),
                "paid booking lost its tickets; refunding");
            let lost = Event::Charged {
                seats: ChargedSeats::Lost,
            };
            let reason = Refusal::new(refusal.code(), refusal.to_string());
            return Ok(Step::Write(self.refused(booking, lost, reason)?));
        }
        crash_points::point("sold.after");
        // The row may have changed concurrently. The next write names this version, so it would then be
        // refused.
        Ok(Step::Written(Booking {
            version: booking.version + 1,
            ..confirmed
        }))
    }

    /// Releases the tickets of an ended booking and makes its end public.
    pub(super) async fn release_tickets(&self, booking: &Booking) -> Result<Step, AppError> {
        let released = self.after(booking, Event::Released)?;
        let release = self.inventory.release(booking.hold);
        let answer = self.move_tickets(release, booking, &released).await?;
        answer.map_err(InventoryError::Refused)?;
        crash_points::point("release.after");
        let written = db::bookings::find(&self.database, booking.id).await?;
        match written {
            Some(written) if written.version == booking.version + 1 => Ok(Step::Written(written)),
            _ => Err(AppError::ChangedElsewhere),
        }
    }

    /// Moves a booking's tickets and, in the same commit, updates its row if its version has not changed.
    async fn move_tickets(
        &self,
        submission: Submission<'_, HoldView>,
        before: &Booking,
        after: &Booking,
    ) -> Result<Result<(), inventory::Refusal>, AppError> {
        let was_confirmed = before.lifecycle.public_status == State::Confirmed;
        let is_confirmed = after.lifecycle.public_status == State::Confirmed;
        let moved = TicketsMoved {
            booking: after.clone(),
            lease: self.settings.lease,
            sales: i64::from(is_confirmed) - i64::from(was_confirmed),
        };
        match submission.with(moved.clone()).verdict().await? {
            // The tickets were moved by a worker whose lease had expired, so its update of the row did not
            // apply.
            Ok(accepted) if accepted.is_replayed() => {
                db::tickets::event_bookings::write(&self.database, &moved).await?;
                Ok(Ok(()))
            }
            verdict => Ok(verdict.map(drop)),
        }
    }

    /// Records a declined attempt with its history: the next attempt follows later, or the job becomes a dead
    /// letter, or the booking has ended.
    pub(super) async fn decline_in_queue(
        &self,
        booking: &Booking,
        declined: Booking,
    ) -> Result<Step, AppError> {
        let pause = match declined.lifecycle.state {
            State::Paying { attempt } => Some(self.pause_before(attempt)),
            _ => None,
        };
        let change = self.change(declined, pause.map_or(NextStep::Mine, NextStep::After));
        let attempt = booking.attempts;
        let written =
            db::tickets::payment_failures::decline(&self.database, change, attempt).await?;
        let written = written.ok_or(AppError::ChangedElsewhere)?;
        crash_points::point("declined.after");
        metrics::counter!("payment_jobs_declined_total").increment(1);
        Ok(if pause.is_some() {
            Step::Deferred(written)
        } else {
            Step::Written(written)
        })
    }
}
