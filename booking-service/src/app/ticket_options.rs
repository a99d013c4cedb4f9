//! Ticket options and their purchases: sold at once, not paid here.
//!
//! A purchase is a hold that is sold from the beginning; its row is written in the hold's own
//! transaction. Whether there are enough tickets is decided by the inventory alone, so any number of
//! replicas may sell them.

use std::sync::Arc;

use deadpool_postgres::Pool;
use domain::{HoldId, PoolId, Units};
use inventory::{Command, HoldCommand, Inventory, LegRequest, Refusal, Until};
use moka::future::Cache;
use service_kit::once::{self, Once, RequestKey};
use uuid::Uuid;

use super::AppError;
use super::text::{Description, Name};
use super::turns::Turns;
use crate::db;
use crate::db::purchases::NewPurchase;

/// How many ticket options' pools are remembered: a few megabytes.
const POOLS_REMEMBERED: u64 = 50_000;

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
    /// Of which ticket option.
    pub ticket_option: Uuid,
    /// Who buys: opaque here.
    pub user: String,
    /// How many.
    pub quantity: Units,
    /// Under which key the client asks, if any.
    pub key: Option<RequestKey>,
}

/// Makes and finds ticket options and sells their tickets.
#[derive(Clone)]
pub struct TicketOptions {
    database: Pool,
    inventory: Arc<Inventory>,
    /// The pools of ticket options, which never change.
    pools: Cache<Uuid, PoolId>,
    /// Whose turn it is of those with the same key.
    turns: Turns,
}

impl TicketOptions {
    /// Sells what is in this database from this inventory.
    #[must_use]
    pub fn new(database: Pool, inventory: Arc<Inventory>) -> Self {
        Self {
            database,
            inventory,
            pools: Cache::new(POOLS_REMEMBERED),
            turns: Turns::default(),
        }
    }

    /// Makes a ticket option and its tickets, once per key.
    ///
    /// # Errors
    /// When the key came with another request, or the database does not answer.
    pub async fn create(&self, new: &NewTicketOption) -> Result<Once<TicketOption>, AppError> {
        let find = |key| db::ticket_options::find_by_key(&self.database, key);
        once::create(new.key.as_ref(), find, self.insert(new)).await
    }

    async fn insert(&self, new: &NewTicketOption) -> Result<TicketOption, AppError> {
        let id = Uuid::now_v7();
        db::ticket_options::insert(&self.database, id, new).await?;
        Ok(TicketOption {
            id,
            name: new.name.as_str().to_owned(),
            description: new.description.as_str().to_owned(),
            allocation: new.allocation,
        })
    }

    /// A ticket option by its id.
    ///
    /// # Errors
    /// When there is none.
    pub async fn find(&self, id: Uuid) -> Result<TicketOption, AppError> {
        let option = db::ticket_options::find(&self.database, id).await?;
        option.ok_or(AppError::UnknownTicketOption)
    }

    /// Sells tickets, once per key.
    ///
    /// # Errors
    /// When there are not enough or there is no such ticket option, the key came with another request,
    /// or the database does not answer.
    pub async fn purchase(&self, request: PurchaseRequest) -> Result<Once<Purchase>, AppError> {
        let _turn = self
            .turns
            .of(request.key.as_ref().map(|key| key.key.as_str()))
            .await;
        let find = |key| db::purchases::find_by_key(&self.database, key);
        once::create(request.key.as_ref(), find, self.buy(&request)).await
    }

    async fn buy(&self, request: &PurchaseRequest) -> Result<Purchase, AppError> {
        let pool = self.pool(request.ticket_option).await?;
        let hold = HoldId::generate();
        let leg = LegRequest {
            pool,
            units: request.quantity,
            seats: Vec::new(),
        };
        let command = HoldCommand::new(hold, request.user.clone(), vec![leg], Until::Sold)
            .map_err(|_| AppError::OtherAnswer)?;
        let rows = NewPurchase {
            id: hold.0,
            request: request.clone(),
        };
        let answer = self.inventory.submit_new_with(Command::Hold(command), rows);
        match answer.await? {
            Ok(_) => Ok(Purchase {
                id: hold.0,
                ticket_option: request.ticket_option,
                user: request.user.clone(),
                quantity: request.quantity,
            }),
            Err(Refusal::SoldOut) => Err(AppError::NotSoMany(request.quantity)),
            Err(_) => Err(AppError::OtherAnswer),
        }
    }

    /// A purchase by its id.
    ///
    /// # Errors
    /// When there is none.
    pub async fn find_purchase(&self, id: Uuid) -> Result<Purchase, AppError> {
        let purchase = db::purchases::find(&self.database, id).await?;
        purchase.ok_or(AppError::UnknownPurchase)
    }

    /// Where a ticket option's tickets are counted: read once.
    async fn pool(&self, id: Uuid) -> Result<PoolId, AppError> {
        if let Some(pool) = self.pools.get(&id).await {
            return Ok(pool);
        }
        let pool = db::ticket_options::pool(&self.database, id).await?;
        let pool = pool.ok_or(AppError::UnknownTicketOption)?;
        self.pools.insert(id, pool).await;
        Ok(pool)
    }
}
