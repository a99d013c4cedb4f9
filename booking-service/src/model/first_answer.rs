//! What the request that made a booking was answered. Bookings change: a replay of the request gets the booking
//! as it was when it was answered first, which is written in the commit that decided it.

use domain::{PaymentId, SeatNumber};
use serde::{Deserialize, Serialize};

use crate::model::refusal::Refusal;

/// All of an answer that may change afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstAnswer {
    /// What the customer was told.
    pub(super) public_status: String,
    /// The seats of each leg.
    pub(super) seats: Vec<Vec<SeatNumber>>,
    /// The total, in its currency's smallest unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) total_minor: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) payment: Option<PaymentId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) refusal: Option<Refusal>,
}
