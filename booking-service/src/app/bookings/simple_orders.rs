//! Simple orders: seats by count on a flight, complete when accepted, not paid here.

use clients::CallContext;
use domain::{BookingId, RefusalCode};
use lifecycle::State;

use crate::app::AppError;
use crate::app::bookings::by_count::{Answered, Bookings};
use crate::db;
use crate::model::booking::{Booking, Channel, NewBooking};
use crate::model::refusal::Refusal;

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
    ) -> Result<Answered, AppError> {
        let answered = self.bookings.book(new, context).await?;
        let booking = &answered.booking;
        if booking.life.public_status == State::Confirmed {
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
                Err(AppError::UnknownFlight(booking.flight_ref.clone()))
            }
            Some(refusal) => Err(AppError::Refused(refusal)),
            None => Err(AppError::Refused(Refusal::new(
                RefusalCode::Cancelled,
                "the order was cancelled",
            ))),
        }
    }

    /// [`AppError::UnknownOrder`] if there is none.
    pub async fn find(&self, id: BookingId) -> Result<Booking, AppError> {
        let booking = db::bookings::find(&self.bookings.engine.database, id).await?;
        booking
            .filter(|booking| booking.channel == Channel::Simple)
            .ok_or(AppError::UnknownOrder)
    }
}
