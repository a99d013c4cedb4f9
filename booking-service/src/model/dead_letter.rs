//! Payment jobs that kept failing, and the failures of each.

use crate::model::event_booking::EventBookingStatus;
use domain::{BookingId, HoldId, RefusalCode};
use jiff::Timestamp;
use lifecycle::State;
use uuid::Uuid;

/// A job that kept failing.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// Its id.
    pub id: Uuid,
    /// The booking's row.
    pub booking: BookingId,
    /// The booking's id for customers.
    pub hold: HoldId,
    /// Whose booking it is.
    pub user: String,
    /// What the booking shows.
    pub public_status: State,
    /// How many attempts had been made.
    pub attempts: i16,
    /// Why the last one was declined.
    pub code: RefusalCode,
    /// The same in words.
    pub message: String,
    /// When that was.
    pub created_at: Timestamp,
    /// When it was tried again, if it was.
    pub requeued_at: Option<Timestamp>,
}

impl DeadLetter {
    /// Where its booking stands.
    #[must_use]
    pub fn booking_status(&self) -> EventBookingStatus {
        EventBookingStatus::of(self.public_status)
    }
}

/// An attempt to pay that was declined.
#[derive(Clone, Debug)]
pub struct Failure {
    /// From 1.
    pub attempt: i16,
    /// Why, as a stable code.
    pub code: RefusalCode,
    /// The same in words.
    pub message: String,
    /// When.
    pub failed_at: Timestamp,
}
