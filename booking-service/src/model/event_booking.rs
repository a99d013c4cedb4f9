//! Event bookings as their customers see them.

use domain::{Currency, HoldId, Money, Units};
use jiff::Timestamp;
use lifecycle::{Outcome, State};
use uuid::Uuid;

use crate::model::booking::Booking;
use crate::model::refusal::Refusal as Reason;

#[derive(Clone, Debug)]
pub struct EventBooking {
    /// Also the id of its hold.
    pub id: HoldId,
    pub user: String,
    pub event: Uuid,
    pub quantity: Units,
    pub status: EventBookingStatus,
    /// Whether the payment was declined and the customer may retry it.
    pub is_declined: bool,
    pub total: Money,
    pub discount: Money,
    /// The voucher's code.
    pub voucher: Option<String>,
    /// Payment attempts begun so far.
    pub attempts: i16,
    /// Payment deadline.
    pub deadline_at: Timestamp,
    /// Why it is not paid yet, or was cancelled.
    pub reason: Option<Reason>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventBookingStatus {
    /// Not paid yet.
    Pending,
    /// Paid; the tickets are sold.
    Confirmed,
    /// Ended for any reason.
    Cancelled,
}

impl EventBookingStatus {
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

    /// The wire text.
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
    /// `None` for other channels.
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
            status: EventBookingStatus::of(booking.lifecycle.public_status),
            is_declined: matches!(booking.lifecycle.state, State::PaymentFailed { .. }),
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

    #[must_use]
    pub fn is_free(&self) -> bool {
        self.total.minor() == 0
    }

    /// As first answered, for replays of the request.
    #[must_use]
    pub fn into_made(self) -> Self {
        let is_free = self.is_free();
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
