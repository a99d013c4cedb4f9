//! A booking as its row has it, the same for every channel.

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

/// The most rounds of payment attempts of a queued booking; each requeue by staff starts another.
const QUEUED_ROUNDS_MAX: u8 = 20;

/// The API style that a booking came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Seats by count, on a flight or an itinerary, paid at once.
    Count,
    /// Chosen seats, held for a while and then paid.
    Seats,
    /// Seats by count on a flight, not paid here.
    Simple,
    /// Event tickets, paid through a queue.
    Event,
}

impl Channel {
    /// The stored text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Seats => "seats",
            Self::Simple => "simple",
            Self::Event => "event",
        }
    }

    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Count, Self::Seats, Self::Simple, Self::Event]
            .into_iter()
            .find(|channel| channel.as_str() == text)
    }
}

/// Limits of payment attempts.
#[derive(Clone, Copy, Debug)]
pub struct PaymentAttempts {
    /// Attempts made automatically, for an order or for one round of a queued payment.
    pub automatic: u8,
    /// Attempts of an order whose customer is on session and changes the payment method after a decline.
    pub on_session: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    pub flight: FlightId,
    pub units: Units,
    /// Empty where any seats will do.
    pub seats: Vec<SeatNumber>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tickets {
    pub event: Uuid,
    pub quantity: Units,
    /// Price of one ticket at the time of booking, in minor units.
    pub unit_price_minor: i64,
    /// The voucher's code.
    pub voucher: Option<String>,
    /// In minor units.
    pub discount_minor: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traveler {
    /// As in the passport.
    pub given_name: String,
    /// As in the passport.
    pub family_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub born_on: Option<Date>,
    /// Number of a passport or an identity card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
}

/// A seat change that has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatChange {
    /// The new seats of each leg.
    pub seats: Vec<Vec<SeatNumber>>,
    /// The booking's deadline after the change.
    pub deadline_at: Timestamp,
}

/// A validated request for a booking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBooking {
    pub channel: Channel,
    pub actor: Actor,
    /// Owner of the booking.
    pub user: String,
    /// The flight as the customer named it.
    pub flight_ref: String,
    /// One to four, in order.
    pub legs: Vec<Leg>,
    /// Local departure date of the first flight, if given.
    pub date: Option<Date>,
    pub payment_type: String,
    /// The total that the customer expects; a different price is refused.
    pub expected_total: Option<Amount>,
    /// Empty if not given.
    pub travelers: Vec<Traveler>,
    pub key: Option<RequestKey>,
}

/// A booking's row and its legs. Deliberately not serializable: travelers and their documents must not leave
/// their rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    pub id: BookingId,
    pub channel: Channel,
    pub user: String,
    /// The flight as the customer named it; empty for tickets.
    pub flight_ref: String,
    /// In order; empty for tickets.
    pub legs: Vec<Leg>,
    /// Only for the event channel.
    pub tickets: Option<Tickets>,
    /// Local departure date of the first flight, if given.
    pub date: Option<Date>,
    /// Empty if not given.
    pub travelers: Vec<Traveler>,
    pub payment_type: String,
    /// The payment code, while a payment runs.
    pub payment_code: Option<String>,
    /// The total that the customer expects; a different price is refused.
    pub expected_total: Option<Amount>,
    pub lifecycle: BookingState,
    /// Payment attempts begun so far.
    pub attempts: i16,
    /// Whether the customer is on session and changes the payment method after a decline.
    pub is_on_session: bool,
    pub refusal: Option<Refusal>,
    /// Also the public id of an order and of an event booking.
    pub hold: HoldId,
    /// Number of the last seat change begun; 0 before the first.
    pub seat_change: i64,
    /// The seat change in flight.
    pub requested_seats: Option<SeatChange>,
    /// Known once the seats are held.
    pub total: Option<Money>,
    pub held_at: Option<Timestamp>,
    /// The captured charge.
    pub payment: Option<PaymentId>,
    /// Digest of the request.
    pub digest: Vec<u8>,
    /// Whether the request had an idempotency key, so that it may be repeated.
    pub has_key: bool,
    /// The first answer to the request, for replays.
    pub answer: Option<FirstAnswer>,
    /// No payment attempt begins after this time, and unpaid seats are released.
    pub deadline_at: Timestamp,
    /// By the database's clock, when the row was read.
    pub is_past_deadline: bool,
    /// How often its lease expired and another worker took it over.
    pub lease_reclaims: i32,
    /// Optimistic locking: rises with each change.
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Booking {
    /// The payment rules of the booking's channel.
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

    /// Applies an event. Only the state, the attempts and the payment code change.
    pub fn after(&self, policy: PaymentPolicy, event: Event) -> Result<Self, Refused> {
        let lifecycle = self.lifecycle.apply(policy, event)?;
        let pays = matches!(lifecycle.state, lifecycle::State::Paying { .. });
        Ok(Self {
            lifecycle,
            attempts: self.attempts.max(StoredState::from(lifecycle).attempt),
            payment_code: self.payment_code.clone().filter(|_| pays),
            ..self.clone()
        })
    }

    /// Zero until the total is known.
    #[must_use]
    pub fn amount(&self) -> Amount {
        self.total.map_or(Amount::ZERO, Money::amount)
    }

    #[must_use]
    pub fn currency(&self) -> Option<Currency> {
        self.total.map(Money::currency)
    }

    /// The idempotency key of an attempt's charge at payment-service.
    #[must_use]
    pub fn charge_key(&self, attempt: u8) -> String {
        format!("booking {}/{attempt}", self.hold)
    }

    /// The booking's name in the other services' holds and charges.
    #[must_use]
    pub fn reference(&self) -> String {
        match self.channel {
            Channel::Seats | Channel::Event => self.hold.to_string(),
            Channel::Count | Channel::Simple => format!("booking {}", self.id),
        }
    }

    /// Whether a worker has something to do: a next action of the state machine, or an unfinished seat
    /// change.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.lifecycle.has_work() || self.requested_seats.is_some()
    }
}
