use domain::Units;
use service_core::idempotency::RequestKey;
use uuid::Uuid;

use crate::model::actor::Actor;
use crate::model::voucher::VoucherCode;

/// A validated request for tickets.
#[derive(Clone, Debug)]
pub struct EventBookingRequest {
    pub actor: Actor,
    /// Owner of the booking.
    pub user: Uuid,
    pub event: Uuid,
    pub quantity: Units,
    pub voucher: Option<VoucherCode>,
    pub key: Option<RequestKey>,
}
