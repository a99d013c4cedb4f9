//! Events: create, list, look up, change, delete, statistics.
//!
//! The number of tickets is the capacity of the event's pool, so it changes through the inventory, which
//! orders changes and sales in one queue. Deleting an event sets its capacity to zero: that is refused while
//! tickets are held or sold, and afterwards nobody can get one.

use crate::app::{AppError, Unknown};
use crate::model::event::{Event, EventChange, NewEvent, Statistics, never_on_sale};
use std::sync::Arc;

use deadpool_postgres::Pool;
use inventory::{Inventory, InventoryError, PoolChange, Refusal};
use service_core::idempotency::{self, Answer, Replayable};
use uuid::Uuid;

use crate::db;
use crate::db::tickets::events::{EventChanged, EventDeleted};

#[derive(Clone)]
pub struct Events {
    pub database: Pool,
    pub inventory: Arc<Inventory>,
}

impl Events {
    /// Creates an event and its tickets, once per key.
    pub async fn create(
        &self,
        new: &NewEvent,
        answer: impl Fn(&Event) -> Answer,
    ) -> Result<Replayable<Answer>, AppError> {
        new.sales.checked()?;
        let database = &self.database;
        let find = |key| db::kept_answer(database, key);
        let insert = db::tickets::events::insert(database, Uuid::now_v7(), new, &answer);
        let make = async { Ok(insert.await?) };
        idempotency::create(new.key.as_ref(), find, make).await
    }

    /// A page of events, in order of creation, after this id.
    pub async fn list(&self, after: Option<Uuid>, limit: i64) -> Result<Vec<Event>, AppError> {
        Ok(db::tickets::events::list(&self.database, after, limit).await?)
    }

    /// [`Unknown::Event`] if there is none or it was deleted.
    pub async fn find(&self, id: Uuid) -> Result<Event, AppError> {
        let event = db::tickets::events::find(&self.database, id).await?;
        event.ok_or(AppError::Unknown(Unknown::Event))
    }

    /// Changes the given fields in one commit; other fields keep concurrent changes.
    /// [`AppError::TicketsInUse`] if more tickets are held and sold than the new capacity.
    pub async fn change(&self, id: Uuid, change: &EventChange) -> Result<Event, AppError> {
        let event = self.find(id).await?;
        let price = change.check_against(&event)?;
        let pool = PoolChange {
            capacity: change.total_tickets.map(|units| units.get().cast_signed()),
            starts_at: change.starts_at.map(Some),
            ..PoolChange::of(event.pool)
        };
        let rows = EventChanged {
            event: id,
            change: change.clone(),
            price,
        };
        match self.inventory.change_pool(pool).with(rows).send().await {
            Ok(_) => self.find(id).await,
            Err(InventoryError::Refused(Refusal::CapacityInUse)) => Err(AppError::TicketsInUse),
            Err(InventoryError::Conflict(name)) if name == db::tickets::events::SALES_WINDOW => {
                Err(never_on_sale().into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes an event without tickets held or sold. Its row stays, for its ended bookings.
    pub async fn delete(&self, id: Uuid) -> Result<(), AppError> {
        let pool = self.find(id).await?.pool;
        // One commit, so that no sale comes in between. A concurrent change that found the event just before may
        // still add tickets, but the pool is closed for sale.
        let closed = PoolChange {
            capacity: Some(0),
            closes: true,
            ..PoolChange::of(pool)
        };
        let deleting = self.inventory.change_pool(closed).with(EventDeleted(id));
        match deleting.send().await {
            Ok(_) => Ok(()),
            Err(InventoryError::Refused(Refusal::CapacityInUse)) => Err(AppError::EventHasBookings),
            Err(error) => Err(error.into()),
        }
    }

    /// Statistics of an event's bookings.
    pub async fn statistics(&self, id: Uuid) -> Result<Statistics, AppError> {
        let statistics = db::tickets::events::statistics(&self.database, id).await?;
        statistics.ok_or(AppError::Unknown(Unknown::Event))
    }
}
