//! Maps a booking to its stored first answer and back.

use domain::{Money, RefusalCode};
use lifecycle::{Outcome, State};

use crate::model::booking::{Booking, Channel};
use crate::model::booking_row::{state_from, state_text};
use crate::model::first_answer::FirstAnswer;

impl FirstAnswer {
    /// The answer in the booking's current state; `None` if it has none yet, or one that is not stored.
    #[must_use]
    pub fn of(booking: &Booking) -> Option<Self> {
        let is_answered = match (booking.channel, booking.lifecycle.public_status) {
            // Its replay is made from fields that never change.
            (Channel::Event, _) => false,
            (_, State::Confirmed | State::Ended(_)) => !leaves_key_free(booking),
            (Channel::Seats, State::Held) => true,
            _ => false,
        };
        is_answered.then(|| Self {
            public_status: state_text(booking.lifecycle.public_status).to_owned(),
            seats: booking.legs.iter().map(|leg| leg.seats.clone()).collect(),
            total_minor: booking.total.map(Money::minor),
            payment: booking.payment,
            refusal: booking.refusal.clone(),
        })
    }
}

/// Whether the booking was refused with an answer that is not stored, so that its key may be used again.
#[must_use]
pub fn leaves_key_free(booking: &Booking) -> bool {
    let has_failed = matches!(
        booking.lifecycle.public_status,
        State::Ended(Outcome::Failed | Outcome::Expired)
    );
    let code = booking.refusal.as_ref().map(|refusal| &refusal.code);
    let is_kept = match booking.channel {
        // This channel answers a refusal with a booking.
        Channel::Count => !code.is_some_and(never_came_about),
        Channel::Seats => !code.is_some_and(|code| never_came_about(code) || is_problem(code)),
        // This channel answers every refusal with a problem, such as a conflict.
        Channel::Simple => false,
        Channel::Event => true,
    };
    has_failed && booking.answer.is_none() && !is_kept
}

/// Nothing was booked as requested: the key is free for another try.
fn never_came_about(code: &RefusalCode) -> bool {
    matches!(code, RefusalCode::PriceChanged | RefusalCode::Interrupted) || code.is_no_itinerary()
}

/// Refusals that the seats channel answers with a problem.
fn is_problem(code: &RefusalCode) -> bool {
    matches!(
        code,
        RefusalCode::NoSuchSeat | RefusalCode::UnknownFlight | RefusalCode::UnknownPool
    )
}

impl Booking {
    /// The booking as its request was first answered.
    #[must_use]
    pub fn into_answered(mut self) -> Self {
        let Some(answer) = self.answer.clone() else {
            return self;
        };
        if let Some(status) = state_from(&answer.public_status, 0) {
            self.lifecycle.public_status = status;
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
