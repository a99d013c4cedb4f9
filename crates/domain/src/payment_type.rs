//! Payment methods.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Invalid;

/// Payment methods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PaymentType {
    /// Credit card.
    #[default]
    CreditCard,
    /// Debit card.
    DebitCard,
    /// Unified Payments Interface.
    Upi,
    /// A transfer from the payer's online bank.
    NetBanking,
}

impl PaymentType {
    /// The text in the database and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreditCard => "credit_card",
            Self::DebitCard => "debit_card",
            Self::Upi => "upi",
            Self::NetBanking => "net_banking",
        }
    }
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

impl fmt::Display for PaymentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
