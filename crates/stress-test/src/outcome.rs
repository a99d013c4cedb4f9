//! What a customer's flow comes to, and which of three kinds that is.

use serde::{Deserialize, Serialize};

use loadgen::stats::Outcome;

/// Itineraries were found.
pub const FOUND: Outcome = Outcome::Named("found");
/// The search was answered: there is nothing.
pub const NOTHING_FOUND: Outcome = Outcome::Named("nothing found");
/// Seats or tickets are bought: paid for, and confirmed to the customer.
pub const CONFIRMED: Outcome = Outcome::Named("confirmed");
/// Money was taken.
pub const CHARGED: Outcome = Outcome::Named("charged");
/// There are not enough units left.
pub const SOLD_OUT: Outcome = Outcome::Named("sold out");
/// Somebody else has the seat.
pub const SEAT_TAKEN: Outcome = Outcome::Named("seat taken");
/// The payment was declined.
pub const DECLINED: Outcome = Outcome::Named("payment declined");
/// The payment timed out, and nothing was charged.
pub const TIMED_OUT: Outcome = Outcome::Named("payment timed out");
/// Told to come back later: too much is going on.
pub const BUSY: Outcome = Outcome::Named("busy");
/// The customer had to stop waiting for the end of a booking.
pub const STILL_PENDING: Outcome = Outcome::Named("still pending");
/// The answer has another form than agreed.
pub const NOT_UNDERSTOOD: Outcome = Outcome::Named("not understood");

/// What kind of an end it is. They are never added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The customer got what was asked for.
    Success,
    /// The customer was told no, for a reason that is in the order of things.
    Refusal,
    /// Anything else: no answer, a server's error, an answer that makes no sense.
    Failure,
}

impl Kind {
    /// The kind of an outcome.
    #[must_use]
    pub fn of(outcome: Outcome) -> Self {
        match outcome {
            FOUND | NOTHING_FOUND | CONFIRMED | CHARGED => Self::Success,
            SOLD_OUT | SEAT_TAKEN | DECLINED | TIMED_OUT => Self::Refusal,
            _ => Self::Failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_a_failure() {
        assert_eq!(Kind::of(CONFIRMED), Kind::Success);
        assert_eq!(Kind::of(SOLD_OUT), Kind::Refusal);
        for outcome in [BUSY, STILL_PENDING, NOT_UNDERSTOOD, Outcome::Broken] {
            assert_eq!(Kind::of(outcome), Kind::Failure);
        }
        assert_eq!(Kind::of(Outcome::Status(201)), Kind::Failure);
    }
}
