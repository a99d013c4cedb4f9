//! A booking, as its row has it: the same for every channel.

use domain::{Amount, BookingId, Currency, FlightId, HoldId, Money, PaymentId, SeatNumber, Units};
use jiff::Timestamp;
use jiff::civil::Date;
use lifecycle::{BookingState, Event, Payment, PaymentPolicy, Refused};
use serde::{Deserialize, Serialize};
use service_core::idempotency::RequestKey;
use uuid::Uuid;

use crate::model::actor::Actor;
use crate::model::booking_row::StoredState;
use crate::model::first_answer::FirstAnswer;
use crate::model::refusal::Refusal;

/// How many rounds of attempts a queued payment may have: as often as staff may reasonably want it tried
/// again.
const QUEUED_ROUNDS_MAX: u8 = 20;

/// In which style a booking was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// So many seats on a flight or an itinerary, paid at once.
    Count,
    /// Chosen seats, held for a while and then paid.
    Seats,
    /// So many seats on a flight, not paid here.
    Simple,
    /// Tickets to an event, paid through a queue.
    Event,
}

impl Channel {
    /// As it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Seats => "seats",
            Self::Simple => "simple",
            Self::Event => "event",
        }
    }

    /// The channel that is stored as this text.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Count, Self::Seats, Self::Simple, Self::Event]
            .into_iter()
            .find(|channel| channel.as_str() == text)
    }
}

/// How many attempts to pay there are.
#[derive(Clone, Copy, Debug)]
pub struct PaymentAttempts {
    /// Of an order, one after the other by themselves; and of a round of a queued payment.
    pub automatic: u8,
    /// Of an order whose customer is there, and pays in another way after a decline.
    pub on_session: u8,
}

/// Seats on one flight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// The flight.
    pub flight: FlightId,
    /// How many seats.
    pub units: Units,
    /// Which; none where any will do.
    pub seats: Vec<SeatNumber>,
}

/// Tickets to an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tickets {
    /// The event.
    pub event: Uuid,
    /// How many.
    pub quantity: Units,
    /// What one cost when it was booked, in minor units.
    pub unit_price_minor: i64,
    /// The voucher's code, if there was one.
    pub voucher: Option<String>,
    /// What it took off, in minor units.
    pub discount_minor: i64,
}

/// Somebody who travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traveler {
    /// Given names, as in the passport.
    pub given_name: String,
    /// Family name, as in the passport.
    pub family_name: String,
    /// Date of birth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub born_on: Option<Date>,
    /// The number of a passport or an identity card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
}

/// Other seats that a booking is about to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatChange {
    /// The seats of each leg.
    pub seats: Vec<Vec<SeatNumber>>,
    /// The deadline that they bring.
    pub deadline_at: Timestamp,
}

/// What a customer asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBooking {
    /// In which style.
    pub channel: Channel,
    /// Who asks.
    pub actor: Actor,
    /// Whose it will be.
    pub user: String,
    /// The flight as the customer named it.
    pub flight_ref: String,
    /// The flights and seats, in order; one to four.
    pub legs: Vec<Leg>,
    /// The local date on which the first flight departs, if the customer gave it.
    pub date: Option<Date>,
    /// How it is paid.
    pub payment_type: String,
    /// The total that the customer expects, if they said.
    pub expected_total: Option<Amount>,
    /// Who travels; none where the customer did not say.
    pub travelers: Vec<Traveler>,
    /// Under which key it was asked for.
    pub key: Option<RequestKey>,
}

/// A booking's row and its legs. It can't be serialized: who travels, and with which document, is kept in its
/// rows and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    /// Its id.
    pub id: BookingId,
    /// In which style it was made.
    pub channel: Channel,
    /// Whose it is.
    pub user: String,
    /// The flight as the customer named it; empty for tickets.
    pub flight_ref: String,
    /// The flights and seats, in order; none for tickets.
    pub legs: Vec<Leg>,
    /// The tickets, where it has no flights.
    pub tickets: Option<Tickets>,
    /// The local date on which the first flight departs, if the customer gave it.
    pub date: Option<Date>,
    /// Who travels; none where the customer did not say.
    pub travelers: Vec<Traveler>,
    /// How it is paid.
    pub payment_type: String,
    /// The code that it is paid with, while it is.
    pub payment_code: Option<String>,
    /// The total that the customer expects, if they said.
    pub expected_total: Option<Amount>,
    /// Where it stands.
    pub life: BookingState,
    /// How many attempts to pay have been begun.
    pub attempts: i16,
    /// Whether the customer is there: after a decline they pay in another way.
    pub is_on_session: bool,
    /// Why it could not be had.
    pub refusal: Option<Refusal>,
    /// Its hold; also the id of an order and of a booking of tickets.
    pub hold: HoldId,
    /// The number of the last seat change that was begun.
    pub seat_change: i64,
    /// The seat change that is not ended yet.
    pub requested_seats: Option<SeatChange>,
    /// The total, known once the seats are held.
    pub total: Option<Money>,
    /// Since when the seats are held.
    pub held_at: Option<Timestamp>,
    /// The charge that was captured.
    pub payment: Option<PaymentId>,
    /// What was asked for, digested.
    pub digest: Vec<u8>,
    /// Whether it was asked for under a key, so that it can be asked for again.
    pub has_key: bool,
    /// What the request under its key was answered, once it was.
    pub answer: Option<FirstAnswer>,
    /// After this time no attempt to pay begins, and seats that are not paid for go back.
    pub deadline_at: Timestamp,
    /// Whether it had passed when the row was read.
    pub is_past_deadline: bool,
    /// How often its lease ran out and another worker took it over.
    pub lease_reclaims: i32,
    /// Rises with each change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

impl Booking {
    /// What is agreed with its customer.
    #[must_use]
    pub fn policy(&self, attempts: PaymentAttempts) -> PaymentPolicy {
        let PaymentAttempts {
            automatic,
            on_session,
        } = attempts;
        let is_on_session = self.is_on_session;
        let (payment, max_attempts) = match self.channel {
            Channel::Count => (Payment::AtOnce, 1),
            Channel::Seats => (
                Payment::Later { is_on_session },
                if is_on_session { on_session } else { automatic },
            ),
            Channel::Simple => (Payment::Nothing, 1),
            Channel::Event => {
                let round = Payment::Queued { round: automatic };
                (round, automatic.saturating_mul(QUEUED_ROUNDS_MAX))
            }
        };
        PaymentPolicy {
            payment,
            max_attempts,
        }
    }

    /// The booking after this event; its other fields are the caller's to change.
    ///
    /// # Errors
    /// When the event can't happen to a booking that stands like this one.
    pub fn after(&self, policy: PaymentPolicy, event: Event) -> Result<Self, Refused> {
        let life = self.life.apply(policy, event)?;
        let pays = matches!(life.state, lifecycle::State::Paying { .. });
        Ok(Self {
            life,
            attempts: self.attempts.max(StoredState::from(life).attempt),
            payment_code: self.payment_code.clone().filter(|_| pays),
            ..self.clone()
        })
    }

    /// The total in the wire's form: zero until it is known.
    #[must_use]
    pub fn amount(&self) -> Amount {
        self.total.map_or(Amount::ZERO, Money::amount)
    }

    /// The total's currency, once it is known.
    #[must_use]
    pub fn currency(&self) -> Option<Currency> {
        self.total.map(Money::currency)
    }

    /// The key of an attempt's charge at payment-service.
    #[must_use]
    pub fn charge_key(&self, attempt: u8) -> String {
        format!("booking {}/{attempt}", self.hold)
    }

    /// What the other services call it: what a hold is for, and what a charge pays.
    #[must_use]
    pub fn reference(&self) -> String {
        match self.channel {
            Channel::Seats | Channel::Event => self.hold.to_string(),
            Channel::Count | Channel::Simple => format!("booking {}", self.id),
        }
    }

    /// Whether a worker has something to do: the machine's next action, or an unfinished seat change.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.life.has_work() || self.requested_seats.is_some()
    }
}
