//! The JSON bodies of payment-service, charges and refunds, used by the service itself and by those who call
//! it. No HTTP client and no server: crate `clients` has the calls.
#![warn(missing_docs)]

use domain::{Amount, Currency, PaymentId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A caller's own name for something: an integer or a text, kept and answered as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged, expecting = "must be an integer or a text")]
pub enum Reference {
    /// An integer.
    Number(i64),
    /// A text.
    Text(String),
}

/// A charge that is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ChargeRequest {
    /// The booking that is paid.
    pub booking_id: Reference,
    /// How much, above zero, in whole minor units of its currency: two decimals for most.
    #[schema(value_type = f64, example = 17000.0, exclusive_minimum = 0)]
    pub amount: Amount,
    /// The currency's ISO 4217 code; INR where none is named.
    #[serde(default = "default_currency")]
    #[schema(value_type = String, example = "INR", pattern = "^[A-Z]{3}$")]
    pub currency: Currency,
    /// Who pays.
    pub user_id: Reference,
    /// `credit_card`, `debit_card`, `upi` or `net_banking`; any other fails.
    #[schema(example = "credit_card", max_length = 64)]
    pub payment_type: String,
    /// What is paid, in the caller's words.
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

/// How a charge ended, or that it has not yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChargeStatus {
    /// The provider was asked and its answer is not recorded yet. Only a look-up answers this.
    Processing,
    /// The money was taken.
    Success,
    /// The money was refused; nothing was taken.
    Failed,
    /// The provider gave up in time; nothing was taken.
    Timeout,
}

/// A charge as it is answered.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Charge {
    /// The charge's id.
    #[schema(value_type = Uuid)]
    pub payment_id: PaymentId,
    /// How it ended.
    pub status: ChargeStatus,
    /// The same in words, such as `Card declined`.
    pub message: String,
    /// A stable code of a refusal, such as `card_declined`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The booking that was to be paid.
    pub booking_id: Reference,
    /// How much.
    #[schema(value_type = f64)]
    pub amount: Amount,
    /// The currency's ISO 4217 code.
    #[serde(deserialize_with = "Currency::deserialize_stored")]
    #[schema(value_type = String, example = "INR")]
    pub currency: Currency,
    /// How much of it was given back.
    #[serde(default)]
    #[schema(value_type = f64)]
    pub refunded: Amount,
    /// When it ended; while it is processing, when it began.
    pub processed_at: Timestamp,
}

/// A key that is to be closed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CloseRequest {
    /// The key, 1 to 255 visible ASCII characters.
    #[schema(min_length = 1, max_length = 255)]
    pub key: String,
}

/// A closed key: whether it made a charge is settled for good.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ClosedKey {
    /// The key.
    pub key: String,
    /// Always true: no further charge will be made with it.
    pub closed: bool,
    /// The charge that it made, however that ended; none where it made none.
    pub charge: Option<Charge>,
}

/// A refund that is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RefundRequest {
    /// How much, above zero, at most what is left of the charge.
    #[schema(value_type = f64, example = 17000.0, exclusive_minimum = 0)]
    pub amount: Amount,
}

/// A refund as it is answered.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Refund {
    /// The refund's id.
    pub refund_id: Uuid,
    /// The charge that it gives back.
    #[schema(value_type = Uuid)]
    pub payment_id: PaymentId,
    /// How much.
    #[schema(value_type = f64)]
    pub amount: Amount,
    /// When.
    pub refunded_at: Timestamp,
}
