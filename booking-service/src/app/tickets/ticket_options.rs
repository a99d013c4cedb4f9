//! Ticket options and purchases: sold at once, not paid here.
//!
//! A purchase is a hold that is sold from the start; its row is written in the hold's transaction. The
//! inventory alone decides whether enough tickets are left, so any number of replicas may sell them.
//! replicas may sell them.

use crate::app::{AppError, Unknown};
use crate::model::ticket_option::{NewTicketOption, Purchase, PurchaseRequest, TicketOption};
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;
use domain::{HoldId, PoolId};
use inventory::{HoldCommand, Inventory, InventoryError, LegRequest, Refusal, Until};
use moka::future::Cache;
use service_core::background_tasks::BackgroundTasks;
use service_core::idempotency::{self, Replayable};
use uuid::Uuid;

use crate::app::bookings::unpaid_orders::UnpaidOrders;
use crate::app::key_locks::KeyLocks;
use crate::db;
use crate::db::tickets::purchases::{NewPurchase, PurchaseDeleted};

/// Pool ids cached: a few megabytes.
const POOLS_REMEMBERED: u64 = 50_000;

/// Pause before abandoning a purchase with an unknown commit outcome is retried.
const ABANDON_RETRY_PAUSE: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub struct TicketOptions {
    database: Pool,
    inventory: Arc<Inventory>,
    /// A ticket option's pool never changes, so entries need no expiry.
    pools: Cache<Uuid, PoolId>,
    key_locks: KeyLocks,
    /// Runs work to its end without a client.
    tasks: BackgroundTasks,
    /// Limits of what a customer may have without paying.
    unpaid: UnpaidOrders,
}

impl TicketOptions {
    #[must_use]
    pub fn new(
        database: Pool,
        inventory: Arc<Inventory>,
        tasks: BackgroundTasks,
        unpaid: UnpaidOrders,
    ) -> Self {
        Self {
            database,
            inventory,
            tasks,
            pools: Cache::new(POOLS_REMEMBERED),
            key_locks: KeyLocks::default(),
            unpaid,
        }
    }

    /// Creates a ticket option and its tickets, once per key.
    pub async fn create(
        &self,
        new: &NewTicketOption,
    ) -> Result<Replayable<TicketOption>, AppError> {
        let find = |key| db::tickets::ticket_options::find_by_key(&self.database, key);
        idempotency::create(new.key.as_ref(), find, self.insert(new)).await
    }

    async fn insert(&self, new: &NewTicketOption) -> Result<TicketOption, AppError> {
        let id = Uuid::now_v7();
        db::tickets::ticket_options::insert(&self.database, id, new).await?;
        Ok(TicketOption {
            id,
            name: new.name.as_str().to_owned(),
            description: new.description.as_str().to_owned(),
            allocation: new.allocation,
        })
    }

    /// [`Unknown::TicketOption`] if there is none.
    pub async fn find(&self, id: Uuid) -> Result<TicketOption, AppError> {
        let option = db::tickets::ticket_options::find(&self.database, id).await?;
        option.ok_or(AppError::Unknown(Unknown::TicketOption))
    }

    /// Sells tickets, once per key. [`AppError::InsufficientTickets`] if too few are left.
    pub async fn purchase(
        &self,
        request: PurchaseRequest,
    ) -> Result<Replayable<Purchase>, AppError> {
        let _lock = self
            .key_locks
            .lock(request.key.as_ref().map(|key| key.key.as_str()))
            .await;
        let find = |key| db::tickets::purchases::find_by_key(&self.database, key);
        idempotency::create(request.key.as_ref(), find, self.buy(&request)).await
    }

    async fn buy(&self, request: &PurchaseRequest) -> Result<Purchase, AppError> {
        let PurchaseRequest { actor, user, .. } = request;
        self.unpaid
            .check_units(*actor, "data/attributes/quantity", request.quantity)?;
        let pool = self.pool(request.ticket_option).await?;
        let hold = HoldId::generate();
        self.unpaid.claim_for_good(*actor, user, hold).await?;
        let sold = self.sell(hold, pool, request).await;
        if matches!(sold, Err(AppError::InsufficientTickets(_))) {
            self.unpaid.release_claim(*actor, hold).await;
        }
        sold
    }

    async fn sell(
        &self,
        hold: HoldId,
        pool: PoolId,
        request: &PurchaseRequest,
    ) -> Result<Purchase, AppError> {
        let leg = LegRequest {
            pool,
            units: request.quantity,
            seats: Vec::new(),
        };
        let command = HoldCommand::new(hold, request.user.clone(), vec![leg], Until::Sold)?;
        let rows = NewPurchase {
            id: hold.0,
            request: request.clone(),
        };
        let sale = self.inventory.hold(command).with(rows).with_new_id();
        match sale.send().await {
            Ok(_) => Ok(Purchase {
                id: hold.0,
                ticket_option: request.ticket_option,
                user: request.user.clone(),
                quantity: request.quantity,
            }),
            Err(InventoryError::Refused(Refusal::SoldOut)) => {
                Err(AppError::InsufficientTickets(request.quantity))
            }
            Err(error) => {
                let is_refused = matches!(error, InventoryError::Refused(_));
                if !is_refused && request.key.is_none() {
                    self.abandon_in_background(hold);
                }
                Err(error.into())
            }
        }
    }

    /// Abandons a purchase whose commit outcome is unknown and that has no key to ask for it again: it must
    /// not succeed unnoticed. If it arrives later, a tombstone refuses its hold.
    fn abandon_in_background(&self, hold: HoldId) {
        let inventory = Arc::clone(&self.inventory);
        self.tasks.spawn(|stop| async move {
            let abandon = || inventory.release(hold).with(PurchaseDeleted(hold.0)).send();
            while let Err(error) = abandon().await {
                tracing::warn!(purchase = %hold, %error, "abandoning a purchase with unknown commit outcome failed; retrying");
                let pause = tokio::time::sleep(ABANDON_RETRY_PAUSE);
                if stop.run_until_cancelled(pause).await.is_none() {
                    return;
                }
            }
        });
    }

    /// [`Unknown::Purchase`] if there is none.
    pub async fn find_purchase(&self, id: Uuid) -> Result<Purchase, AppError> {
        let purchase = db::tickets::purchases::find(&self.database, id).await?;
        purchase.ok_or(AppError::Unknown(Unknown::Purchase))
    }

    /// The pool that counts a ticket option's units; cached.
    async fn pool(&self, id: Uuid) -> Result<PoolId, AppError> {
        if let Some(pool) = self.pools.get(&id).await {
            return Ok(pool);
        }
        let pool = db::tickets::ticket_options::pool(&self.database, id).await?;
        let pool = pool.ok_or(Unknown::TicketOption)?;
        self.pools.insert(id, pool).await;
        Ok(pool)
    }
}
