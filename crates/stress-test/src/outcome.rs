//! The outcome of a customer's flow, and its kind.

use serde::{Deserialize, Serialize};

use loadgen::stats::Outcome;

/// Itineraries were found.
pub const FOUND: Outcome = Outcome::Named("found");
/// The search succeeded with an empty result.
pub const NOTHING_FOUND: Outcome = Outcome::Named("nothing found");
/// Seats or tickets are bought: paid, and confirmed to the customer.
pub const CONFIRMED: Outcome = Outcome::Named("confirmed");
pub const CHARGED: Outcome = Outcome::Named("charged");
pub const SOLD_OUT: Outcome = Outcome::Named("sold out");
pub const SEAT_TAKEN: Outcome = Outcome::Named("seat taken");
pub const DECLINED: Outcome = Outcome::Named("payment declined");
/// The payment timed out, and nothing was charged.
pub const TIMED_OUT: Outcome = Outcome::Named("payment timed out");
/// Answered 429 or 503.
pub const BUSY: Outcome = Outcome::Named("busy");
/// The customer stopped waiting for a booking's end.
pub const STILL_PENDING: Outcome = Outcome::Named("still pending");
/// The answer does not follow the contract.
pub const INVALID_ANSWER: Outcome = Outcome::Named("not understood");

/// Kinds are never added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The customer got what was asked for.
    Success,
    /// Refused for a business reason.
    Refusal,
    /// No answer, a server error, or an answer against the contract.
    Failure,
}

impl Kind {
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
    fn unknown_outcomes_are_failures() {
        assert_eq!(Kind::of(CONFIRMED), Kind::Success);
        assert_eq!(Kind::of(SOLD_OUT), Kind::Refusal);
        for outcome in [BUSY, STILL_PENDING, INVALID_ANSWER, Outcome::Broken] {
            assert_eq!(Kind::of(outcome), Kind::Failure);
        }
        assert_eq!(Kind::of(Outcome::Status(201)), Kind::Failure);
    }
}
