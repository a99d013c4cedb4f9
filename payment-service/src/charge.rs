//! The service's domain types: charges, their outcomes, and what a key is bound to.
//!
//! Shared by all layers; no I/O, no HTTP.

use std::fmt;
use std::str::FromStr;

use domain::{Invalid, Money, PaymentId};
use jiff::Timestamp;
use payment_api::Reference;
use service_core::idempotency::RequestKey;
use uuid::Uuid;

/// The endpoint that a charge came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargeKind {
    /// The provider decides the outcome.
    Process,
    /// Always captured.
    SimulateSuccess,
    /// Always declined.
    SimulateFailure,
    /// Always times out.
    SimulateTimeout,
}

/// The payer's five-digit code. Never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct PaymentCode(String);

impl PaymentCode {
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

#[derive(Clone, Debug)]
pub struct ChargeDetails {
    /// The booking that is paid, as the caller names it.
    pub booking: Reference,
    /// The payer, as the caller names them.
    pub user: Reference,
    /// Above zero.
    pub money: Money,
    /// As requested; may be unknown, which declines the charge.
    pub payment_type: String,
    /// The caller's description of the purchase.
    pub reference: Option<String>,
    /// Dropped once the charge has ended.
    pub payment_code: Option<PaymentCode>,
}

/// Final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndStatus {
    Success,
    /// Declined; nothing was taken.
    Failed,
    /// The provider gave up; nothing was taken.
    Timeout,
}

/// A final outcome with its explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub status: EndStatus,
    /// A stable machine-readable code; `None` if captured.
    pub code: Option<String>,
    /// The explanation for people.
    pub message: String,
}

impl Outcome {
    #[must_use]
    pub fn captured() -> Self {
        Self {
            status: EndStatus::Success,
            code: None,
            message: "Payment processed successfully".to_owned(),
        }
    }

    /// A definitive decline.
    pub fn declined(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status: EndStatus::Failed,
            code: Some(code.into()),
            message: message.into(),
        }
    }

    /// The provider gave up for good: nothing was taken and nothing will be.
    #[must_use]
    pub fn timed_out() -> Self {
        Self {
            status: EndStatus::Timeout,
            code: Some("provider_timeout".to_owned()),
            message: "Payment timed out, nothing was charged".to_owned(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// No outcome is recorded yet.
    Processing {
        /// Number of the current attempt, from 1.
        attempt: i32,
        /// The attempt's lease has expired: the next request may take the charge over.
        lease_expired: bool,
    },
    Ended {
        outcome: Outcome,
        at: Timestamp,
    },
}

#[derive(Clone, Debug)]
pub struct Charge {
    pub id: PaymentId,
    /// The endpoint that it came through.
    pub kind: ChargeKind,
    pub details: ChargeDetails,
    /// The caller's `Idempotency-Key`.
    pub key: Option<String>,
    /// SHA-256 of the request that the key is bound to.
    pub request_digest: Option<Vec<u8>>,
    pub progress: Progress,
    /// Total of its refunds, in the currency of `details.money`.
    pub refunded: Money,
    pub created_at: Timestamp,
}

impl Charge {
    /// Whether this key and endpoint are those of the request that made the charge.
    #[must_use]
    pub fn matches_request(&self, kind: ChargeKind, key: &RequestKey) -> bool {
        let is_same = |digest: &[u8]| key.is_of(digest);
        self.kind == kind && self.request_digest.as_deref().is_some_and(is_same)
    }

    /// The key under which the provider knows the charge, the same for every attempt.
    #[must_use]
    pub fn provider_key(&self) -> String {
        match &self.key {
            Some(key) => key.clone(),
            None => self.id.to_string(),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Refund {
    pub id: Uuid,
    pub payment: PaymentId,
    pub money: Money,
    /// SHA-256 of the request that the key is bound to.
    pub request_digest: Option<Vec<u8>>,
    pub refunded_at: Timestamp,
}

impl Refund {
    /// Whether this key and charge are those of the request that made the refund.
    #[must_use]
    pub fn matches_request(&self, payment: PaymentId, key: &RequestKey) -> bool {
        let is_same = |digest: &[u8]| key.is_of(digest);
        self.payment == payment && self.request_digest.as_deref().is_some_and(is_same)
    }
}
