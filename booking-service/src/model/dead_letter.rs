//! Dead letters (payment jobs that kept failing) and their declined attempts.

use crate::model::event_booking::EventBookingStatus;
use domain::{BookingId, HoldId, RefusalCode};
use jiff::Timestamp;
use lifecycle::State;
use uuid::Uuid;

/// A payment job that kept failing.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    pub id: Uuid,
    pub booking: BookingId,
    /// The booking's public id.
    pub hold: HoldId,
    pub user: String,
    pub public_status: State,
    pub attempts: i16,
    /// Why the last attempt was declined.
    pub code: RefusalCode,
    pub message: String,
    pub created_at: Timestamp,
    /// `None` while it waits.
    pub requeued_at: Option<Timestamp>,
}

impl DeadLetter {
    #[must_use]
    pub fn booking_status(&self) -> EventBookingStatus {
        EventBookingStatus::of(self.public_status)
    }
}

/// A declined payment attempt.
#[derive(Clone, Debug)]
pub struct Failure {
    /// From 1.
    pub attempt: i16,
    pub code: RefusalCode,
    pub message: String,
    pub failed_at: Timestamp,
}
