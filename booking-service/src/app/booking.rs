//! A booking: what the customer is told, and what is left to do.

use domain::{Amount, BookingId, Currency, FlightId, HoldId, Money, PaymentId, Units};
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

/// What the customer is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not decided yet.
    Pending,
    /// The seats are the customer's.
    Confirmed,
    /// It could not be had; nothing is held or charged.
    Failed,
    /// It was given up; nothing is held or charged.
    Cancelled,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Hold the seats.
    Hold,
    /// Charge the customer.
    Charge,
    /// Turn the hold into a sale.
    Confirm,
    /// Give the seats back.
    Release,
    /// Give the money back.
    Refund,
    /// Nothing.
    Done,
}

/// How a booking ends that is being undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It could not be had.
    Failed,
    /// It was given up.
    Cancelled,
}

macro_rules! stored_as_text {
    ($name:ident { $($variant:ident: $text:literal,)* }) => {
        impl $name {
            /// As it is stored.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The value that is stored as this text.
            #[must_use]
            pub fn from_text(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

stored_as_text!(Status {
    Pending: "pending",
    Confirmed: "confirmed",
    Failed: "failed",
    Cancelled: "cancelled",
});
stored_as_text!(Step {
    Hold: "hold",
    Charge: "charge",
    Confirm: "confirm",
    Release: "release",
    Refund: "refund",
    Done: "done",
});
stored_as_text!(Outcome {
    Failed: "failed",
    Cancelled: "cancelled",
});

impl From<Outcome> for Status {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Failed => Self::Failed,
            Outcome::Cancelled => Self::Cancelled,
        }
    }
}

/// Why a booking could not be had, for the customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// A stable code, such as `sold_out`.
    pub code: String,
    /// The same in words.
    pub message: String,
}

impl Refusal {
    /// A refusal.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
        }
    }
}

/// What a customer asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBooking {
    /// Whose it will be.
    pub user: String,
    /// The flights, in order; one to four.
    pub flights: Vec<FlightId>,
    /// Seats on each.
    pub seats: Units,
    /// The local date on which the first flight departs.
    pub date: Date,
    /// How it is paid.
    pub payment_type: String,
    /// The total that the customer expects, if they said.
    pub expected_total: Option<Amount>,
    /// Under which key it was asked for.
    pub idempotency_key: Option<String>,
    /// What was asked for, digested: what the key is bound to.
    pub digest: [u8; 32],
}

/// A booking's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    /// Its id.
    pub id: BookingId,
    /// Whose it is.
    pub user: String,
    /// The flights, in order.
    pub flights: Vec<FlightId>,
    /// Seats on each.
    pub seats: Units,
    /// The local date on which the first flight departs.
    pub date: Date,
    /// How it is paid.
    pub payment_type: String,
    /// The total that the customer expects, if they said.
    pub expected_total: Option<Amount>,
    /// What the customer is told.
    pub status: Status,
    /// What is to be done next.
    pub step: Step,
    /// How it ends once it is undone.
    pub outcome: Option<Outcome>,
    /// Why it could not be had.
    pub refusal: Option<Refusal>,
    /// Its hold at flight-service.
    pub hold: HoldId,
    /// The key of its charge at payment-service.
    pub charge_key: Uuid,
    /// The total, known once the seats are held.
    pub total: Option<Money>,
    /// The charge that was captured.
    pub payment: Option<PaymentId>,
    /// What was asked for, digested.
    pub digest: Vec<u8>,
    /// Whether it was asked for under a key, so that it can be asked for again.
    pub has_key: bool,
    /// Whether nothing new is begun any more.
    pub is_past_deadline: bool,
    /// How often it was taken over.
    pub attempts: i32,
    /// Rises with each change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

impl Booking {
    /// The total in the wire's form: zero until it is known.
    #[must_use]
    pub fn amount(&self) -> Amount {
        self.total.map_or(Amount::ZERO, |total| total.amount)
    }

    /// The total's currency, once it is known.
    #[must_use]
    pub fn currency(&self) -> Option<Currency> {
        self.total.map(|total| total.currency)
    }
}
