//! Bookings: made, looked up, cancelled.

use std::time::Duration;

use clients::flight::Flight;
use clients::http::CallContext;
use domain::BookingId;
use service_kit::server::BackgroundTasks;

use super::AppError;
use super::booking::{Booking, NewBooking, Outcome, Status, Step};
use super::steps::Steps;
use crate::db;
use crate::db::bookings::Added;

/// How long a look-up waits for the flight that it shows beside the booking.
const FLIGHT_PATIENCE: Duration = Duration::from_secs(1);

/// Makes, finds and cancels bookings.
#[derive(Clone)]
pub struct Bookings {
    /// What moves them on.
    pub steps: Steps,
    /// Where work goes on that a client no longer waits for.
    pub tasks: BackgroundTasks,
    /// After it nothing new is begun for a booking that is still pending.
    pub deadline: Duration,
}

/// A booking that is answered.
#[derive(Debug)]
pub struct Answered {
    /// The booking.
    pub booking: Booking,
    /// Whether it was made by an earlier request with the same key.
    pub replayed: bool,
}

impl Bookings {
    /// Books seats and pays for them. What could not be had is a booking that has failed.
    ///
    /// # Errors
    /// When the outcome is not known yet, or the key belongs to another request.
    pub async fn book(&self, new: &NewBooking, context: CallContext) -> Result<Answered, AppError> {
        let steps = &self.steps;
        match db::bookings::add(&steps.database, new, self.deadline, steps.lease).await? {
            Added::New(booking) => {
                let booking = self.finish(booking, context).await?;
                Ok(Answered {
                    booking,
                    replayed: false,
                })
            }
            Added::Earlier(booking) if booking.digest != new.digest => Err(AppError::KeyReused),
            Added::Earlier(booking) => {
                let booking = self.resumed(booking, context).await?;
                Ok(Answered {
                    booking,
                    replayed: true,
                })
            }
        }
    }

    /// A booking that was made before: as it stands once it is decided, worked on if nobody does.
    async fn resumed(&self, booking: Booking, context: CallContext) -> Result<Booking, AppError> {
        if booking.step == Step::Done || booking.status == Status::Confirmed {
            return Ok(booking);
        }
        let steps = &self.steps;
        let claimed = db::bookings::claim_one(&steps.database, booking.id, steps.lease).await?;
        let claimed = claimed.ok_or(AppError::InProgress)?;
        self.finish(claimed, context).await
    }

    /// Works on a booking, to its end even if the client goes away.
    async fn finish(&self, booking: Booking, context: CallContext) -> Result<Booking, AppError> {
        let steps = self.steps.clone();
        let work = async move { steps.finish(booking, &context).await };
        self.tasks
            .finish(work)
            .await
            .unwrap_or(Err(AppError::CutOff))
    }

    /// A booking by its id.
    ///
    /// # Errors
    /// When there is none.
    pub async fn find(&self, id: BookingId) -> Result<Booking, AppError> {
        let booking = db::bookings::find(&self.steps.database, id).await?;
        booking.ok_or(AppError::UnknownBooking(id))
    }

    /// A booking's first flight, if flight-service answers soon.
    pub async fn flight(&self, booking: &Booking, context: &CallContext) -> Option<Flight> {
        let id = *booking.flights.first()?;
        let call = self.steps.flights.flight(id, context);
        tokio::time::timeout(FLIGHT_PATIENCE, call)
            .await
            .ok()?
            .ok()?
            .ok()
    }

    /// Cancels a confirmed booking: its seats are free and its charge refunded when this returns.
    ///
    /// # Errors
    /// When it is not confirmed, or a service does not answer: the booking is then cancelled later.
    pub async fn cancel(&self, id: BookingId, context: CallContext) -> Result<Booking, AppError> {
        let booking = self.find(id).await?;
        if booking.status != Status::Confirmed {
            return Err(AppError::NotCancellable(booking.status.as_str()));
        }
        if booking.outcome.is_some() {
            // Cancelled already, and not undone yet.
            return self.resumed_cancellation(booking, context).await;
        }
        let cancelled = Booking {
            outcome: Some(Outcome::Cancelled),
            step: Step::Release,
            ..booking
        };
        let cancelled = self.steps.save(cancelled).await?;
        self.finish(cancelled, context).await
    }

    async fn resumed_cancellation(
        &self,
        booking: Booking,
        context: CallContext,
    ) -> Result<Booking, AppError> {
        let steps = &self.steps;
        let claimed = db::bookings::claim_one(&steps.database, booking.id, steps.lease).await?;
        self.finish(claimed.ok_or(AppError::InProgress)?, context)
            .await
    }
}
