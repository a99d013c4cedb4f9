//! The JSON bodies of payment-service, charges and refunds, for the service and its callers. No HTTP client
//! and no server: crate `clients` has the calls.
#![warn(missing_docs)]

use domain::{Amount, Currency, PaymentId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A caller's own name for something: an integer or a text, stored and returned unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged, expecting = "must be an integer or a text")]
pub enum Reference {
    /// As a JSON integer.
    Number(i64),
    /// As a JSON string.
    Text(String),
}

/// A requested charge.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ChargeRequest {
    /// The booking that is paid.
    pub booking_id: Reference,
    /// Amount above zero, in whole minor units of its currency: two decimals for most.
    #[schema(value_type = f64, example = 17000.0, exclusive_minimum = 0)]
    pub amount: Amount,
    /// ISO 4217 code of the currency; default INR.
    #[serde(default = "default_currency")]
    #[schema(value_type = String, example = "INR", pattern = "^[A-Z]{3}$")]
    pub currency: Currency,
    /// The payer.
    pub user_id: Reference,
    /// `credit_card`, `debit_card`, `upi` or `net_banking`; any other fails.
    #[schema(example = "credit_card", max_length = 64)]
    pub payment_type: String,
    /// What is paid for, in the caller's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 255)]
    pub reference: Option<String>,
    /// Five digits, for orders that are paid by code; `00000` always fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9]{5}$")]
    pub payment_code: Option<String>,
}

fn default_currency() -> Currency {
    Currency::INR
}

/// A charge and its key, as in a batch of charges.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct KeyedCharge {
    /// Makes the charge happen once: as in `Idempotency-Key`, 1 to 255 visible ASCII characters.
    #[schema(min_length = 1, max_length = 255)]
    pub key: String,
    /// What to charge.
    pub charge: ChargeRequest,
}

/// The state of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChargeStatus {
    /// The outcome is not recorded yet. Only look-ups return this.
    Processing,
    /// The money was taken.
    Success,
    /// Declined; nothing was taken.
    Failed,
    /// The provider gave up; nothing was taken.
    Timeout,
}

/// A charge.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Charge {
    /// Id of the charge.
    #[schema(value_type = Uuid)]
    pub payment_id: PaymentId,
    /// Its outcome.
    pub status: ChargeStatus,
    /// The outcome in words, such as `Card declined`.
    pub message: String,
    /// Stable code of a decline, such as `card_declined`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The booking that the charge pays.
    pub booking_id: Reference,
    /// The charged amount.
    #[schema(value_type = f64)]
    pub amount: Amount,
    /// ISO 4217 code of the currency.
    #[serde(deserialize_with = "Currency::deserialize_stored")]
    #[schema(value_type = String, example = "INR")]
    pub currency: Currency,
    /// Total of its refunds.
    #[serde(default)]
    #[schema(value_type = f64)]
    pub refunded: Amount,
    /// When it ended; while it is processing, when it began.
    pub processed_at: Timestamp,
}

/// A key to close.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CloseRequest {
    /// The key, 1 to 255 visible ASCII characters.
    #[schema(min_length = 1, max_length = 255)]
    pub key: String,
}

/// A closed key; whether it made a charge is final.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ClosedKey {
    /// The key that was closed.
    pub key: String,
    /// Always true: no further charge will be made with it.
    pub closed: bool,
    /// The charge that it made, whatever its outcome; null if it made none.
    pub charge: Option<Charge>,
}

/// A requested refund.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RefundRequest {
    /// Amount above zero, at most what is left of the charge.
    #[schema(value_type = f64, example = 17000.0, exclusive_minimum = 0)]
    pub amount: Amount,
}

/// A refund.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Refund {
    /// Id of the refund.
    pub refund_id: Uuid,
    /// The refunded charge.
    #[schema(value_type = Uuid)]
    pub payment_id: PaymentId,
    /// The refunded amount.
    #[schema(value_type = f64)]
    pub amount: Amount,
    /// When the refund was recorded.
    pub refunded_at: Timestamp,
}
