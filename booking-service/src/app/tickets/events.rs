//! Events: made, listed, looked up, changed, deleted, counted.
//!
//! How many tickets an event has is its pool's capacity, so it changes through the inventory, which
//! decides it in one queue with the sales. An event is deleted by taking all of its tickets away: that
//! is refused while somebody has one, and once it is done nobody can get one.

use crate::model::event::{Event, EventChange, NewEvent, Statistics, never_on_sale};
use std::sync::Arc;

use deadpool_postgres::Pool;
use inventory::{Command, Inventory, InventoryError, PoolChange, Refusal};
use service_core::idempotency::{self, Answer, Replayable};
use uuid::Uuid;

use crate::app::AppError;
use crate::db;
use crate::db::tickets::events::{EventChanged, EventDeleted};

/// Makes, finds, changes and deletes events.
#[derive(Clone)]
pub struct Events {
    /// Where they are.
    pub database: Pool,
    /// Where their tickets are counted.
    pub inventory: Arc<Inventory>,
}

impl Events {
    /// Makes an event and its tickets, once per key.
    ///
    /// # Errors
    /// When it makes no sense, the key came with another request, or the database does not answer.
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

    /// The events after this one, in the order in which they were made.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self, after: Option<Uuid>, limit: i64) -> Result<Vec<Event>, AppError> {
        Ok(db::tickets::events::list(&self.database, after, limit).await?)
    }

    /// An event by its id.
    ///
    /// # Errors
    /// When there is none, or it was deleted.
    pub async fn find(&self, id: Uuid) -> Result<Event, AppError> {
        let event = db::tickets::events::find(&self.database, id).await?;
        event.ok_or(AppError::UnknownEvent)
    }

    /// Changes what is given, and leaves the rest as others have it by then: all of it in one commit, or nothing.
    ///
    /// # Errors
    /// When there is no such event, more tickets are held and sold, or it would make no sense.
    pub async fn change(&self, id: Uuid, change: &EventChange) -> Result<Event, AppError> {
        let event = self.find(id).await?;
        let price = change.check_against(&event)?;
        let command = Command::ChangePool(PoolChange {
            capacity: change.total_tickets.map(|units| units.get().cast_signed()),
            starts_at: change.starts_at.map(Some),
            ..PoolChange::of(event.pool)
        });
        let rows = EventChanged {
            event: id,
            change: change.clone(),
            price,
        };
        match self.inventory.submit_with(command, rows).await {
            Ok(Ok(_)) => self.find(id).await,
            Ok(Err(Refusal::CapacityInUse)) => Err(AppError::TicketsInUse),
            Ok(Err(_)) => Err(AppError::OtherAnswer),
            Err(InventoryError::Conflict(name)) if name == db::tickets::events::SALES_WINDOW => {
                Err(never_on_sale().into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes an event that nobody has tickets to. Its row stays, for the bookings that it had.
    ///
    /// # Errors
    /// When there is none, or somebody has tickets.
    pub async fn delete(&self, id: Uuid) -> Result<(), AppError> {
        let pool = self.find(id).await?.pool;
        // In one commit, so that no sale comes between: its tickets are gone, and so is the event. A change that
        // found the event just before may still bring tickets: they are not for sale.
        let command = Command::ChangePool(PoolChange {
            capacity: Some(0),
            closes: true,
            ..PoolChange::of(pool)
        });
        match self
            .inventory
            .submit_with(command, EventDeleted(id))
            .await?
        {
            Ok(_) => Ok(()),
            Err(Refusal::CapacityInUse) => Err(AppError::EventHasBookings),
            Err(_) => Err(AppError::OtherAnswer),
        }
    }

    /// What an event's bookings add up to.
    ///
    /// # Errors
    /// When there is no such event.
    pub async fn statistics(&self, id: Uuid) -> Result<Statistics, AppError> {
        let statistics = db::tickets::events::statistics(&self.database, id).await?;
        statistics.ok_or(AppError::UnknownEvent)
    }
}
