//! The mock's decision: a pure function of its rates and a charge's key.

use std::time::Duration;

use domain::PaymentType;
use sha2::{Digest as _, Sha256};

use crate::charge::Outcome;
use crate::provider::ProviderCharge;

/// The payment code that is always declined.
const DECLINED_PAYMENT_CODE: &str = "00000";

/// Upper limit of the processing time and of the jitter.
const TIME_LIMIT: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Behaviour {
    /// Share of charges that are declined, 0 to 1.
    pub failure_rate: f64,
    /// Share of charges that time out, 0 to 1; with `failure_rate` at most 1.
    pub timeout_rate: f64,
    /// Share of captured charges whose answer never reaches the caller, 0 to 1.
    pub lost_answer_rate: f64,
    /// Mean processing time; at most a minute.
    pub processing_time: Duration,
    /// Uniform jitter around `processing_time`, plus or minus; at most a minute.
    pub processing_jitter: Duration,
}

/// A rejected setting of the mock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidBehaviour {
    pub setting: &'static str,
    /// The field's name in the body of `PUT /api/payments/mock`.
    pub field: &'static str,
    pub problem: &'static str,
}

impl Behaviour {
    /// Checks the ranges of the rates and times.
    ///
    /// # Errors
    /// The first value out of range.
    pub fn check(&self) -> Result<(), InvalidBehaviour> {
        const RATE: &str = "must be from 0 to 1";
        const TIME: &str = "must be from 0 to 60000 ms";
        let is_rate = |rate: f64| (0.0..=1.0).contains(&rate);
        let rules = [
            (
                is_rate(self.failure_rate),
                "mock.failure_rate",
                "failure_rate",
                RATE,
            ),
            (
                is_rate(self.timeout_rate),
                "mock.timeout_rate",
                "timeout_rate",
                RATE,
            ),
            (
                self.failure_rate + self.timeout_rate <= 1.0,
                "mock.failure_rate",
                "failure_rate",
                "and timeout_rate must add up to at most 1",
            ),
            (
                is_rate(self.lost_answer_rate),
                "mock.lost_answer_rate",
                "lost_answer_rate",
                RATE,
            ),
            (
                self.processing_time <= TIME_LIMIT,
                "mock.processing_time",
                "processing_time_ms",
                TIME,
            ),
            (
                self.processing_jitter <= TIME_LIMIT,
                "mock.processing_jitter",
                "processing_spread_ms",
                TIME,
            ),
        ];
        match rules.into_iter().find(|(holds, ..)| !holds) {
            None => Ok(()),
            Some((_, setting, field, problem)) => Err(InvalidBehaviour {
                setting,
                field,
                problem,
            }),
        }
    }

    /// The outcome of a charge, and its processing time.
    pub(super) fn decide(&self, charge: &ProviderCharge) -> (Outcome, Duration) {
        let draws = Draws::of(&charge.key);
        let shortest = self.processing_time.saturating_sub(self.processing_jitter);
        let longest = self.processing_time + self.processing_jitter;
        let takes = shortest + (longest - shortest).mul_f64(draws.time);
        (self.outcome(charge, &draws), takes)
    }

    /// Whether the answer of this charge never reaches the caller, if it is captured.
    pub(super) fn loses_answer(&self, key: &str) -> bool {
        Draws::of(key).lost_answer < self.lost_answer_rate
    }

    fn outcome(&self, charge: &ProviderCharge, draws: &Draws) -> Outcome {
        let code = charge.details.payment_code.as_ref();
        if code.is_some_and(|code| code.as_str() == DECLINED_PAYMENT_CODE) {
            return Outcome::declined("invalid_payment_code", "Payment code refused");
        }
        if draws.outcome < self.failure_rate {
            decline(&charge.details.payment_type, draws.reason)
        } else if draws.outcome < self.failure_rate + self.timeout_rate {
            Outcome::timed_out()
        } else {
            Outcome::captured()
        }
    }
}

/// A decline whose reason fits the payment type.
fn decline(payment_type: &str, draw: f64) -> Outcome {
    if draw < 0.5 {
        return Outcome::declined("insufficient_funds", "Insufficient funds");
    }
    match payment_type.parse() {
        Ok(PaymentType::Upi | PaymentType::NetBanking) => {
            Outcome::declined("bank_declined", "Declined by the bank")
        }
        _ => Outcome::declined("card_declined", "Card declined"),
    }
}

/// A charge's random numbers, each in `[0, 1)`, drawn from its key.
struct Draws {
    outcome: f64,
    reason: f64,
    lost_answer: f64,
    time: f64,
}

impl Draws {
    fn of(key: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(key.as_bytes()).into();
        let mut words = digest.chunks_exact(4).map(|bytes| {
            let word = bytes
                .iter()
                .fold(0_u32, |word, byte| (word << 8) | u32::from(*byte));
            f64::from(word) / (f64::from(u32::MAX) + 1.0)
        });
        let mut next = || words.next().unwrap_or_default();
        Self {
            outcome: next(),
            reason: next(),
            lost_answer: next(),
            time: next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{Currency, Money};
    use payment_api::Reference;

    use super::*;
    use crate::charge::{ChargeDetails, EndStatus};

    const DEFAULT: Behaviour = Behaviour {
        failure_rate: 0.15,
        timeout_rate: 0.05,
        lost_answer_rate: 0.1,
        processing_time: Duration::from_millis(200),
        processing_jitter: Duration::from_millis(100),
    };

    fn charge(key: &str, payment_code: Option<&str>) -> ProviderCharge {
        ProviderCharge {
            key: key.to_owned(),
            details: ChargeDetails {
                booking: Reference::Number(1),
                user: Reference::Number(1),
                money: Money::from_minor(100, Currency::INR).unwrap(),
                payment_type: "credit_card".to_owned(),
                reference: None,
                payment_code: payment_code.map(|code| code.parse().unwrap()),
            },
        }
    }

    #[test]
    fn outcomes_follow_the_rates() {
        let (mut failed, mut timed_out, mut lost) = (0, 0, 0);
        for number in 0..10_000 {
            let key = format!("key {number}");
            let (outcome, takes) = DEFAULT.decide(&charge(&key, None));
            assert!((100..=300).contains(&takes.as_millis()), "{takes:?}");
            failed += i32::from(outcome.status == EndStatus::Failed);
            timed_out += i32::from(outcome.status == EndStatus::Timeout);
            let is_captured = outcome.status == EndStatus::Success;
            lost += i32::from(is_captured && DEFAULT.loses_answer(&key));
        }
        // Five standard deviations around the expected count of 10,000 draws; the keys are fixed.
        assert!((1_320..=1_680).contains(&failed), "{failed} failed");
        assert!((390..=610).contains(&timed_out), "{timed_out} timed out");
        assert!((665..=935).contains(&lost), "{lost} answers were lost");
    }

    #[test]
    fn the_same_key_ends_the_same_way() {
        for number in 0..100 {
            let charge = charge(&format!("key {number}"), None);
            assert_eq!(DEFAULT.decide(&charge), DEFAULT.decide(&charge));
        }
    }

    #[test]
    fn one_payment_code_always_fails() {
        let never_fails = Behaviour {
            failure_rate: 0.0,
            timeout_rate: 0.0,
            ..DEFAULT
        };
        let (outcome, _) = never_fails.decide(&charge("key", Some("00000")));
        assert_eq!(outcome.code.as_deref(), Some("invalid_payment_code"));
        let (outcome, _) = never_fails.decide(&charge("key", Some("12345")));
        assert_eq!(outcome.status, EndStatus::Success);
    }
}
