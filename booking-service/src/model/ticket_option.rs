use crate::model::actor::Actor;
use crate::model::text::{Description, Name};
use domain::Units;
use service_core::idempotency::RequestKey;
use uuid::Uuid;

/// A kind of ticket with a fixed stock.
#[derive(Clone, Debug)]
pub struct TicketOption {
    pub id: Uuid,
    pub name: String,
    pub description: String,
    /// Its stock, sold units included.
    pub allocation: i32,
}

#[derive(Clone, Debug)]
pub struct NewTicketOption {
    pub name: Name,
    pub description: Description,
    /// Zero or more.
    pub allocation: i32,
    pub key: Option<RequestKey>,
}

#[derive(Clone, Debug)]
pub struct Purchase {
    /// Also the id of its hold.
    pub id: Uuid,
    pub ticket_option: Uuid,
    /// Opaque here.
    pub user: String,
    pub quantity: Units,
}

/// A validated request for a purchase.
#[derive(Clone, Debug)]
pub struct PurchaseRequest {
    pub actor: Actor,
    pub ticket_option: Uuid,
    /// Opaque here.
    pub user: String,
    pub quantity: Units,
    pub key: Option<RequestKey>,
}
