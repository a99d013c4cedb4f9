//! Simple orders: seats by count on a flight, complete when accepted, not paid here.

use crate::app::bookings::by_count::Bookings;
use crate::app::{AppError, Unknown};
use crate::db;
use crate::model::booking::{Booking, Channel, NewBooking};
use crate::model::refusal::Refusal;
use clients::CallContext;
use domain::{BookingId, RefusalCode};
use lifecycle::State;
use service_core::idempotency::Replayable;

#[derive(Clone)]
pub struct SimpleOrders {
    pub bookings: Bookings,
}

impl SimpleOrders {
    /// Orders seats; a refusal is an error.
    pub async fn create(
        &self,
        new: NewBooking,
        context: CallContext,
    ) -> Result<Replayable<Booking>, AppError> {
        let answered = self.bookings.book(new, context).await?;
        let booking = &answered.value;
        if booking.lifecycle.public_status == State::Confirmed {
            return Ok(answered);
        }
        let refusal = booking.refusal.clone();
        match refusal {
            Some(refusal)
                if matches!(
                    refusal.code,
                    RefusalCode::UnknownFlight | RefusalCode::UnknownPool
                ) =>
            {
                Err(AppError::Unknown(Unknown::Flight(
                    booking.flight_ref.clone(),
                )))
            }
            Some(refusal) => Err(AppError::Refused(refusal)),
            None => Err(AppError::Refused(Refusal::new(
                RefusalCode::Cancelled,
                "the order was cancelled",
            ))),
        }
    }

    /// [`Unknown::Order`] if there is none.
    pub async fn find(&self, id: BookingId) -> Result<Booking, AppError> {
        let booking = db::bookings::find(&self.bookings.engine.database, id).await?;
        booking
            .filter(|booking| booking.channel == Channel::Simple)
            .ok_or(AppError::Unknown(Unknown::Order))
    }
}
