//! Ticket options and purchases.

use crate::model::actor::Actor;
use crate::model::text::{Description, Name};
use domain::Units;
use service_core::idempotency::RequestKey;
use uuid::Uuid;

/// What is sold, a number of tickets of one kind.
#[derive(Clone, Debug)]
pub struct TicketOption {
    /// Its id.
    pub id: Uuid,
    /// What it is called.
    pub name: String,
    /// What is said about it.
    pub description: String,
    /// All of its tickets, sold or not.
    pub allocation: i32,
}

/// A ticket option to be made.
#[derive(Clone, Debug)]
pub struct NewTicketOption {
    /// What it is called.
    pub name: Name,
    /// What is said about it.
    pub description: Description,
    /// All of its tickets; none is a ticket option too.
    pub allocation: i32,
    /// Under which key the client asks, if any.
    pub key: Option<RequestKey>,
}

/// Tickets that somebody bought.
#[derive(Clone, Debug)]
pub struct Purchase {
    /// Its id, and that of the hold that has the tickets.
    pub id: Uuid,
    /// What was bought.
    pub ticket_option: Uuid,
    /// By whom: opaque here.
    pub user: String,
    /// How many.
    pub quantity: Units,
}

/// What somebody wants to buy.
#[derive(Clone, Debug)]
pub struct PurchaseRequest {
    /// Who asks.
    pub actor: Actor,
    /// Of which ticket option.
    pub ticket_option: Uuid,
    /// Who buys: opaque here.
    pub user: String,
    /// How many.
    pub quantity: Units,
    /// Under which key the client asks, if any.
    pub key: Option<RequestKey>,
}
