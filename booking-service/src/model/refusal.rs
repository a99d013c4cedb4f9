//! Why a booking could not be had.

use domain::RefusalCode;
use serde::{Deserialize, Serialize};

/// Why a booking could not be had, for the customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// A stable code, such as `sold_out`.
    pub code: RefusalCode,
    /// The same in words.
    pub message: String,
}

impl Refusal {
    /// A refusal.
    pub fn new(code: RefusalCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}
