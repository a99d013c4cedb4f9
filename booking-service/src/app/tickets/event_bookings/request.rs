//! What somebody wants to book.

use domain::Units;
use service_core::idempotency::RequestKey;
use uuid::Uuid;

use crate::model::actor::Actor;
use crate::model::voucher::VoucherCode;

/// Tickets to an event, for a user.
#[derive(Clone, Debug)]
pub struct EventBookingRequest {
    /// Who asks.
    pub actor: Actor,
    /// Whose it will be.
    pub user: Uuid,
    /// The event.
    pub event: Uuid,
    /// How many tickets.
    pub quantity: Units,
    /// The voucher, if there is one.
    pub voucher: Option<VoucherCode>,
    /// Under which key the client asks, if any.
    pub key: Option<RequestKey>,
}
