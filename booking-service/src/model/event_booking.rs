//! Bookings of tickets, as their customers see them.

use domain::{Currency, HoldId, Money, Units};
use jiff::Timestamp;
use lifecycle::{Outcome, State};
use uuid::Uuid;

use crate::model::booking::Booking;
use crate::model::refusal::Refusal as Reason;

/// A booking of tickets, as its customer sees it.
#[derive(Clone, Debug)]
pub struct EventBooking {
    /// Its id, and that of its hold.
    pub id: HoldId,
    /// Whose it is.
    pub user: String,
    /// The event.
    pub event: Uuid,
    /// How many tickets.
    pub quantity: Units,
    /// Where it stands.
    pub status: EventBookingStatus,
    /// Whether its payment was declined, and its customer may have it tried again.
    pub is_declined: bool,
    /// What it costs.
    pub total: Money,
    /// What the voucher took off.
    pub discount: Money,
    /// The voucher's code, if there was one.
    pub voucher: Option<String>,
    /// How many attempts to pay have been begun.
    pub attempts: i16,
    /// When it is to be paid.
    pub deadline_at: Timestamp,
    /// Why it is not paid yet, or was cancelled.
    pub reason: Option<Reason>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Where a booking of tickets stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventBookingStatus {
    /// It is to be paid.
    Pending,
    /// It is paid, and its tickets are sold.
    Confirmed,
    /// It is over.
    Cancelled,
}

impl EventBookingStatus {
    /// What the customer of a booking that shows this is told.
    #[must_use]
    pub fn of(public_status: State) -> Self {
        match public_status {
            State::Pending | State::Held | State::Paying { .. } | State::PaymentFailed { .. } => {
                Self::Pending
            }
            State::Confirmed => Self::Confirmed,
            State::Ended(Outcome::Failed | Outcome::Expired | Outcome::Cancelled) => {
                Self::Cancelled
            }
        }
    }

    /// As it is answered.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Confirmed => "CONFIRMED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

impl EventBooking {
    /// `None` if it is no booking of tickets.
    #[must_use]
    pub fn of(booking: Booking) -> Option<Self> {
        let tickets = booking.tickets?;
        let total = booking.total.unwrap_or(Money::zero(Currency::USD));
        let discount = Money::from_minor(tickets.discount_minor, total.currency());
        Some(Self {
            id: booking.hold,
            user: booking.user,
            event: tickets.event,
            quantity: tickets.quantity,
            status: EventBookingStatus::of(booking.life.public_status),
            is_declined: matches!(booking.life.state, State::PaymentFailed { .. }),
            total,
            discount: discount.ok()?,
            voucher: tickets.voucher,
            attempts: booking.attempts,
            deadline_at: booking.deadline_at,
            reason: booking.refusal,
            created_at: booking.created_at,
            updated_at: booking.updated_at,
        })
    }

    /// As it was when it was made: what its request was answered, whatever happened since.
    pub(crate) fn into_made(self) -> Self {
        let is_free = self.total.minor() == 0;
        Self {
            status: if is_free {
                EventBookingStatus::Confirmed
            } else {
                EventBookingStatus::Pending
            },
            is_declined: false,
            attempts: i16::from(!is_free),
            reason: None,
            updated_at: self.created_at,
            ..self
        }
    }
}
