//! What the request that made a booking was answered. Bookings change: a replay of the request gets the booking
//! as it was when it was answered first, which is written in the commit that decided it.

use domain::{Money, PaymentId, RefusalCode, SeatNumber};
use lifecycle::{Outcome, State};
use serde::{Deserialize, Serialize};

use crate::model::booking::{Booking, Channel, Refusal};
use crate::model::booking_row::{state_from, state_text};

/// All of an answer that may change afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstAnswer {
    /// What the customer was told.
    public_status: String,
    /// The seats of each leg.
    seats: Vec<Vec<SeatNumber>>,
    /// The total, in its currency's smallest unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    total_minor: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payment: Option<PaymentId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refusal: Option<Refusal>,
}

impl FirstAnswer {
    /// What the request for a booking that stands like this is answered; none if it has no answer yet, or one
    /// that is not kept.
    #[must_use]
    pub fn of(booking: &Booking) -> Option<Self> {
        let is_answered = match (booking.channel, booking.life.public_status) {
            // Answered when they were made: by what never changes.
            (Channel::Event, _) => false,
            (_, State::Confirmed | State::Ended(_)) => !leaves_key_free(booking),
            (Channel::Seats, State::Held) => true,
            _ => false,
        };
        is_answered.then(|| Self {
            public_status: state_text(booking.life.public_status).to_owned(),
            seats: booking.legs.iter().map(|leg| leg.seats.clone()).collect(),
            total_minor: booking.total.map(Money::minor),
            payment: booking.payment,
            refusal: booking.refusal.clone(),
        })
    }
}

/// Whether a booking's request was refused in a way that is not kept.
#[must_use]
pub fn leaves_key_free(booking: &Booking) -> bool {
    let has_failed = matches!(
        booking.life.public_status,
        State::Ended(Outcome::Failed | Outcome::Expired)
    );
    let code = booking.refusal.as_ref().map(|refusal| &refusal.code);
    let is_kept = match booking.channel {
        // A refusal is an answer in its style.
        Channel::Count => !code.is_some_and(never_came_about),
        Channel::Seats => !code.is_some_and(|code| never_came_about(code) || is_problem(code)),
        // Each is a problem, such as a conflict.
        Channel::Simple => false,
        Channel::Event => true,
    };
    has_failed && booking.answer.is_none() && !is_kept
}

/// Refusals of what never came about as it was asked for: the key is free for another try.
fn never_came_about(code: &RefusalCode) -> bool {
    matches!(code, RefusalCode::PriceChanged | RefusalCode::Interrupted) || code.is_no_itinerary()
}

/// Refusals that an order with chosen seats is answered as problems.
fn is_problem(code: &RefusalCode) -> bool {
    matches!(
        code,
        RefusalCode::NoSuchSeat | RefusalCode::UnknownFlight | RefusalCode::UnknownPool
    )
}

impl Booking {
    /// The booking as its request was answered first.
    #[must_use]
    pub fn into_answered(mut self) -> Self {
        let Some(answer) = self.answer.clone() else {
            return self;
        };
        if let Some(status) = state_from(&answer.public_status, 0) {
            self.life.public_status = status;
        }
        for (leg, seats) in self.legs.iter_mut().zip(answer.seats) {
            leg.seats = seats;
        }
        let total = self.total.zip(answer.total_minor);
        self.total = total.and_then(|(now, minor)| Money::from_minor(minor, now.currency()).ok());
        self.payment = answer.payment;
        self.refusal = answer.refusal;
        self
    }
}
