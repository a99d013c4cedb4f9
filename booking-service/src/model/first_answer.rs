//! The first answer to the request that made a booking. Bookings change, but a replay returns the booking as
//! first answered; that is written in the commit that decided it.

use domain::{PaymentId, SeatNumber};
use serde::{Deserialize, Serialize};

use crate::model::refusal::Refusal;

/// The fields of an answer that may change later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstAnswer {
    pub(super) public_status: String,
    /// By leg.
    pub(super) seats: Vec<Vec<SeatNumber>>,
    /// In minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) total_minor: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) payment: Option<PaymentId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) refusal: Option<Refusal>,
}
