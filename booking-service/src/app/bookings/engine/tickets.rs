//! The steps of tickets to events. They are counted in the database that bookings are in, so a booking's
//! row and its event's statistics change in the transaction that moves its tickets.

use inventory::Command;
use lifecycle::{ChargedSeats, Event, State};

use crate::app::AppError;
use crate::app::bookings::engine::{Engine, Step};
use crate::db;
use crate::db::bookings::{Change, NextStep};
use crate::db::tickets::event_bookings::TicketsMoved;
use crate::model::booking::Booking;
use crate::model::refusal::Refusal;

impl Engine {
    /// Sells the tickets of a booking that was charged, and confirms it.
    pub(super) async fn sell_tickets(&self, booking: &Booking) -> Result<Step, AppError> {
        let sold = Event::Charged {
            seats: ChargedSeats::Sold,
        };
        let confirmed = self.after(booking, sold)?;
        let command = Command::Confirm { hold: booking.hold };
        if let Err(refusal) = self.move_tickets(command, booking, &confirmed).await? {
            let current = db::bookings::find(&self.database, booking.id).await?;
            // Given up while it was charged: whoever ended it gave its tickets back, and refunds it.
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
        // Whether the row was still the one that was read, nobody has to know here: what is written of it
        // from now on names its version.
        Ok(Step::Written(Booking {
            version: booking.version + 1,
            ..confirmed
        }))
    }

    /// Gives the tickets of an ended booking back, and shows its end.
    pub(super) async fn release_tickets(&self, booking: &Booking) -> Result<Step, AppError> {
        let released = self.after(booking, Event::Released)?;
        let command = Command::Release { hold: booking.hold };
        let answer = self.move_tickets(command, booking, &released).await?;
        answer.map_err(|_| AppError::OtherAnswer)?;
        crash_points::point("release.after");
        let written = db::bookings::find(&self.database, booking.id).await?;
        match written {
            Some(written) if written.version == booking.version + 1 => Ok(Step::Written(written)),
            _ => Err(AppError::ChangedElsewhere),
        }
    }

    /// Has the inventory move a booking's tickets and, in the same commit, the booking be what it is then,
    /// if it is still what it was.
    async fn move_tickets(
        &self,
        command: Command,
        before: &Booking,
        after: &Booking,
    ) -> Result<Result<(), inventory::Refusal>, AppError> {
        let was_confirmed = before.life.public_status == State::Confirmed;
        let is_confirmed = after.life.public_status == State::Confirmed;
        let moved = TicketsMoved {
            booking: after.clone(),
            lease: self.settings.lease,
            sales: i64::from(is_confirmed) - i64::from(was_confirmed),
        };
        let answer = self.inventory.submit_with(command, moved.clone()).await?;
        match answer {
            // They were moved before, by somebody who no longer had the booking: its row is as it was.
            Ok(accepted) if accepted.is_replayed() => {
                db::tickets::event_bookings::write(&self.database, &moved).await?;
                Ok(Ok(()))
            }
            answer => Ok(answer.map(drop)),
        }
    }

    /// Writes an attempt that was declined, with its history: another one follows when its time comes, or
    /// the job is a dead letter, or over.
    pub(super) async fn decline_in_queue(
        &self,
        booking: &Booking,
        declined: Booking,
    ) -> Result<Step, AppError> {
        let pause = match declined.life.state {
            State::Paying { attempt } => Some(self.pause_before(attempt)),
            _ => None,
        };
        let change = Change {
            booking: declined,
            next_step: pause.map_or(NextStep::Mine, NextStep::After),
            lease: self.settings.lease,
        };
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
