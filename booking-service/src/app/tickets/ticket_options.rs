//! Ticket options and their purchases: sold at once, not paid here.
//!
//! A purchase is a hold that is sold from the beginning; its row is written in the hold's own
//! transaction. Whether there are enough tickets is decided by the inventory alone, so any number of
//! replicas may sell them.

use crate::model::ticket_option::{NewTicketOption, Purchase, PurchaseRequest, TicketOption};
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;
use domain::{HoldId, PoolId};
use inventory::{Command, HoldCommand, Inventory, LegRequest, Refusal, Until};
use moka::future::Cache;
use service_core::background_tasks::BackgroundTasks;
use service_core::idempotency::{self, Replayable};
use uuid::Uuid;

use crate::app::AppError;
use crate::app::bookings::unpaid_orders::UnpaidOrders;
use crate::app::tickets::key_locks::KeyLocks;
use crate::db;
use crate::db::tickets::purchases::{NewPurchase, PurchaseGivenUp};

/// How many ticket options' pools are remembered: a few megabytes.
const POOLS_REMEMBERED: u64 = 50_000;

/// How long to wait before a purchase without an answer is tried to be given up again.
const GIVE_UP_PAUSE: Duration = Duration::from_secs(1);

/// Makes and finds ticket options and sells their tickets.
#[derive(Clone)]
pub struct TicketOptions {
    database: Pool,
    inventory: Arc<Inventory>,
    /// The pools of ticket options, which never change.
    pools: Cache<Uuid, PoolId>,
    /// Whose turn it is of those with the same key.
    key_locks: KeyLocks,
    /// Where work goes on that no client waits for.
    tasks: BackgroundTasks,
    /// How much a customer may have without paying.
    unpaid: UnpaidOrders,
}

impl TicketOptions {
    /// Sells what is in this database from this inventory.
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

    /// Makes a ticket option and its tickets, once per key.
    ///
    /// # Errors
    /// When the key came with another request, or the database does not answer.
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

    /// A ticket option by its id.
    ///
    /// # Errors
    /// When there is none.
    pub async fn find(&self, id: Uuid) -> Result<TicketOption, AppError> {
        let option = db::tickets::ticket_options::find(&self.database, id).await?;
        option.ok_or(AppError::UnknownTicketOption)
    }

    /// Sells tickets, once per key.
    ///
    /// # Errors
    /// When there are not enough or there is no such ticket option, the key came with another request,
    /// or the database does not answer.
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
        if matches!(sold, Err(AppError::NotSoMany(_))) {
            self.unpaid.give_back(*actor, hold).await;
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
        let command = HoldCommand::new(hold, request.user.clone(), vec![leg], Until::Sold)
            .map_err(|_| AppError::OtherAnswer)?;
        let rows = NewPurchase {
            id: hold.0,
            request: request.clone(),
        };
        let answer = self.inventory.submit_new_with(Command::Hold(command), rows);
        let answer = answer.await;
        if answer.is_err() && request.key.is_none() {
            self.give_up_later(hold);
        }
        match answer? {
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

    /// Undoes a purchase whose commit got no answer, and that nobody can ask for again: it must not come about
    /// unnoticed. Where it is not there yet, its hold is refused from now on.
    fn give_up_later(&self, hold: HoldId) {
        let inventory = Arc::clone(&self.inventory);
        self.tasks.spawn(|stop| async move {
            let abandon = || inventory.submit_with(Command::Release { hold }, PurchaseGivenUp(hold.0));
            while let Err(error) = abandon().await {
                tracing::warn!(purchase = %hold, %error, "a purchase without an answer is given up later");
                let pause = tokio::time::sleep(GIVE_UP_PAUSE);
                if stop.run_until_cancelled(pause).await.is_none() {
                    return;
                }
            }
        });
    }

    /// A purchase by its id.
    ///
    /// # Errors
    /// When there is none.
    pub async fn find_purchase(&self, id: Uuid) -> Result<Purchase, AppError> {
        let purchase = db::tickets::purchases::find(&self.database, id).await?;
        purchase.ok_or(AppError::UnknownPurchase)
    }

    /// Where a ticket option's tickets are counted: read once.
    async fn pool(&self, id: Uuid) -> Result<PoolId, AppError> {
        if let Some(pool) = self.pools.get(&id).await {
            return Ok(pool);
        }
        let pool = db::tickets::ticket_options::pool(&self.database, id).await?;
        let pool = pool.ok_or(AppError::UnknownTicketOption)?;
        self.pools.insert(id, pool).await;
        Ok(pool)
    }
}
