//! The words of this service as types: what a charge is, how it ends, what a key is bound to.
//!
//! Shared by all layers. Nothing here does I/O or knows HTTP.

use std::fmt;
use std::str::FromStr;

use domain::{Invalid, Money, PaymentId};
use jiff::Timestamp;
use payment_api::Reference;
use service_core::idempotency::RequestKey;
use uuid::Uuid;

/// Which call asked for a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargeKind {
    /// The provider decides.
    Process,
    /// Ends with success.
    SimulateSuccess,
    /// Ends with a refusal.
    SimulateFailure,
    /// Ends with a timeout.
    SimulateTimeout,
}

/// How a payer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentType {
    /// A credit card.
    CreditCard,
    /// A debit card.
    DebitCard,
    /// A transfer over the Unified Payments Interface.
    Upi,
    /// A transfer made in the payer's online bank.
    NetBanking,
}

impl FromStr for PaymentType {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "credit_card" => Ok(Self::CreditCard),
            "debit_card" => Ok(Self::DebitCard),
            "upi" => Ok(Self::Upi),
            "net_banking" => Ok(Self::NetBanking),
            _ => Err(Invalid::new(
                "a payment type is credit_card, debit_card, upi or net_banking",
            )),
        }
    }
}

/// Five digits that a payer types in. Never shown in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct PaymentCode(String);

impl PaymentCode {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PaymentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PaymentCode(*****)")
    }
}

impl FromStr for PaymentCode {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new("a payment code is 5 digits"))
        }
    }
}

/// What is to be paid, by whom and how.
#[derive(Clone, Debug)]
pub struct ChargeDetails {
    /// The booking that is paid, in the caller's details.
    pub booking: Reference,
    /// Who pays, in the caller's details.
    pub user: Reference,
    /// How much; above zero.
    pub money: Money,
    /// How, as it was asked for: known or not.
    pub payment_type: String,
    /// What is paid, in the caller's words.
    pub reference: Option<String>,
    /// The payer's code, until the charge has ended.
    pub payment_code: Option<PaymentCode>,
}

/// How a charge ended. Final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndStatus {
    /// The money was taken.
    Success,
    /// The money was refused; nothing was taken.
    Failed,
    /// The provider gave up in time; nothing was taken.
    Timeout,
}

/// How a charge ended, in words too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub status: EndStatus,
    /// A stable code, unless the money was taken.
    pub code: Option<String>,
    /// For people.
    pub message: String,
}

impl Outcome {
    /// The money was taken.
    #[must_use]
    pub fn captured() -> Self {
        Self {
            status: EndStatus::Success,
            code: None,
            message: "Payment processed successfully".to_owned(),
        }
    }

    /// The money was refused, definitively.
    pub fn declined(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status: EndStatus::Failed,
            code: Some(code.into()),
            message: message.into(),
        }
    }

    /// The provider gave up, definitively: nothing was taken and nothing will be.
    #[must_use]
    pub fn timed_out() -> Self {
        Self {
            status: EndStatus::Timeout,
            code: Some("provider_timeout".to_owned()),
            message: "Payment timed out, nothing was charged".to_owned(),
        }
    }
}

/// Where a charge stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The provider was asked, and its answer is not recorded yet.
    Processing {
        /// How many times it was asked.
        attempt: i32,
        /// Whether whoever asked it last has had its time: the next may take over.
        lease_expired: bool,
    },
    /// It is over.
    Ended {
        /// How.
        outcome: Outcome,
        /// When.
        at: Timestamp,
    },
}

/// A recorded charge.
#[derive(Clone, Debug)]
pub struct Charge {
    /// Its id.
    pub id: PaymentId,
    /// Which call asked for it.
    pub kind: ChargeKind,
    /// What was asked for.
    pub details: ChargeDetails,
    /// The key it was asked with.
    pub key: Option<String>,
    /// SHA-256 of what the key came with.
    pub request_digest: Option<Vec<u8>>,
    /// Where it stands.
    pub progress: Progress,
    /// How much was given back, in the currency of its details.
    pub refunded: Money,
    /// When it was recorded.
    pub created_at: Timestamp,
}

impl Charge {
    /// Whether a request with this charge's key is the request that made it.
    #[must_use]
    pub fn was_asked_by(&self, kind: ChargeKind, key: &RequestKey) -> bool {
        let is_same = |digest: &[u8]| key.is_of(digest);
        self.kind == kind && self.request_digest.as_deref().is_some_and(is_same)
    }

    /// The key under which the provider knows this charge, however often it is asked.
    #[must_use]
    pub fn provider_key(&self) -> String {
        match &self.key {
            Some(key) => key.clone(),
            None => self.id.to_string(),
        }
    }
}

/// Money given back.
#[derive(Clone, Debug)]
pub struct Refund {
    /// Its id.
    pub id: Uuid,
    /// The charge that it gives back.
    pub payment: PaymentId,
    /// How much.
    pub money: Money,
    /// SHA-256 of what its key came with.
    pub request_digest: Option<Vec<u8>>,
    /// When.
    pub refunded_at: Timestamp,
}

impl Refund {
    /// Whether a request with this refund's key is the request that made it.
    #[must_use]
    pub fn was_asked_by(&self, payment: PaymentId, key: &RequestKey) -> bool {
        let is_same = |digest: &[u8]| key.is_of(digest);
        self.payment == payment && self.request_digest.as_deref().is_some_and(is_same)
    }
}
