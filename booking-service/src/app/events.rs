//! Events: made, listed, looked up, changed, deleted, counted.
//!
//! How many tickets an event has is its pool's capacity, so it changes through the inventory, which
//! decides it in one queue with the sales. An event is deleted by taking all of its tickets away: that
//! is refused while somebody has one, and once it is done nobody can get one.

use std::sync::Arc;

use deadpool_postgres::Pool;
use domain::{Amount, Currency, Money, PoolId, Units, ZoneName};
use inventory::{Command, Inventory, InventoryError, PoolChange, Refusal};
use jiff::Timestamp;
use service_kit::once::{self, Answer, Once, RequestKey};
use uuid::Uuid;

use super::AppError;
use super::text::{Description, Name};
use crate::db;
use crate::db::events::{EventChanged, EventDeleted};

/// An event.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its id.
    pub id: Uuid,
    /// Where its tickets are counted.
    pub pool: PoolId,
    /// What it is called.
    pub name: String,
    /// What is said about it.
    pub description: String,
    /// When it begins.
    pub starts_at: Timestamp,
    /// Whose clocks say so; `None`: nobody said.
    pub time_zone: Option<ZoneName>,
    /// Where it is; `None`: nobody said.
    pub venue: Option<String>,
    /// All of its tickets.
    pub total_tickets: i32,
    /// What one costs now.
    pub price: Money,
    /// When tickets are sold.
    pub sales: SalesWindow,
    /// How many one user may have; `None`: any number.
    pub tickets_per_user: Option<Units>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed, but for sales.
    pub updated_at: Timestamp,
}

/// When tickets are sold, besides the margin before the start that the inventory keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SalesWindow {
    /// From this moment; `None`: from the beginning.
    pub from: Option<Timestamp>,
    /// Until before this one; `None`: until sales close.
    pub until: Option<Timestamp>,
}

impl SalesWindow {
    /// Whether tickets are sold at this moment.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }

    /// Whether there is such a time at all.
    fn checked(self) -> Result<Self, AppError> {
        match (self.from, self.until) {
            (Some(from), Some(until)) if from >= until => Err(never_on_sale()),
            _ => Ok(self),
        }
    }
}

/// An event to be made.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// What it is called.
    pub name: Name,
    /// What is said about it.
    pub description: Description,
    /// When it begins.
    pub starts_at: Timestamp,
    /// Whose clocks say so, if that is known.
    pub time_zone: Option<ZoneName>,
    /// Where it is, if that is known.
    pub venue: Option<Name>,
    /// All of its tickets.
    pub total_tickets: Units,
    /// What one costs, zero or more.
    pub price: Money,
    /// When they are sold.
    pub sales: SalesWindow,
    /// How many one user may have; `None`: any number.
    pub tickets_per_user: Option<Units>,
    /// Under which key the client asks, if any.
    pub key: Option<RequestKey>,
}

/// An event as somebody may book it.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The event.
    pub event: Event,
    /// When this is, by the database's clock.
    pub now: Timestamp,
    /// Whether whoever asks is a user.
    pub has_user: bool,
}

/// What is to change of an event.
#[derive(Clone, Debug, Default)]
pub struct EventChange {
    /// What it is called.
    pub name: Option<Name>,
    /// What is said about it.
    pub description: Option<Description>,
    /// When it begins.
    pub starts_at: Option<Timestamp>,
    /// Whose clocks say so; `Some(None)`: it is not known.
    pub time_zone: Option<Option<ZoneName>>,
    /// Where it is; `Some(None)`: it is not known.
    pub venue: Option<Option<Name>>,
    /// All of its tickets.
    pub total_tickets: Option<Units>,
    /// What one costs, zero or more, to those who book from now on.
    pub price: Option<Amount>,
    /// In which currency: the one that it has, which all of its sales are counted in.
    pub currency: Option<Currency>,
    /// From when on tickets are sold; `Some(None)`: from the beginning.
    pub sales_from: Option<Option<Timestamp>>,
    /// Until when; `Some(None)`: until sales close.
    pub sales_until: Option<Option<Timestamp>>,
    /// How many one user may have, of those who book from now on; `Some(None)`: any number.
    pub tickets_per_user: Option<Option<Units>>,
}

impl EventChange {
    /// Whether the event would make sense with it.
    ///
    /// Answers its new price, if it has one.
    fn check_against(&self, event: &Event) -> Result<Option<Money>, AppError> {
        let currency = event.price.currency();
        let price = self.price.map(|price| checked_price(price, currency));
        if self.currency.is_some_and(|other| other != currency) {
            let detail = format!("is {currency} and can't be changed");
            return Err(AppError::Invalid("currency".to_owned(), detail));
        }
        let window = SalesWindow {
            from: self.sales_from.unwrap_or(event.sales.from),
            until: self.sales_until.unwrap_or(event.sales.until),
        };
        window.checked()?;
        price.transpose()
    }
}

/// What an event's bookings add up to, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// Tickets of confirmed bookings.
    pub sold_units: i64,
    /// What they were sold for, in minor units: they may come to more than [`Money`] can be.
    pub revenue_minor: i64,
    /// In which currency.
    pub currency: Currency,
    /// Tickets that are neither held nor sold.
    pub free_units: i32,
}

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
    ) -> Result<Once<Answer>, AppError> {
        new.sales.checked()?;
        let database = &self.database;
        let find = |key| {
            let made = db::events::find_by_key(database, key);
            db::answered(database, key, made, &answer)
        };
        let insert = db::events::insert(database, Uuid::now_v7(), new, &answer);
        let make = async { Ok(insert.await?) };
        once::create(new.key.as_ref(), find, make).await
    }

    /// The events after this one, in the order in which they were made.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self, after: Option<Uuid>, limit: i64) -> Result<Vec<Event>, AppError> {
        Ok(db::events::list(&self.database, after, limit).await?)
    }

    /// An event by its id.
    ///
    /// # Errors
    /// When there is none, or it was deleted.
    pub async fn find(&self, id: Uuid) -> Result<Event, AppError> {
        let event = db::events::find(&self.database, id).await?;
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
            Err(InventoryError::Conflict(name)) if name == db::events::SALES_WINDOW => {
                Err(never_on_sale())
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
        let statistics = db::events::statistics(&self.database, id).await?;
        statistics.ok_or(AppError::UnknownEvent)
    }
}

fn never_on_sale() -> AppError {
    AppError::Invalid(
        "sales_end".to_owned(),
        "must be after sales_start".to_owned(),
    )
}

/// What a ticket may cost.
///
/// # Errors
/// When it is below zero, or not a whole number of the currency's minor units.
pub fn checked_price(price: Amount, currency: Currency) -> Result<Money, AppError> {
    let invalid = |detail: String| AppError::Invalid("ticket_price".to_owned(), detail);
    if price < Amount::ZERO {
        return Err(invalid("must not be below zero".to_owned()));
    }
    Money::new(price, currency).map_err(|error| invalid(error.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_includes_its_beginning_and_not_its_end() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let window = SalesWindow {
            from: Some(at(10)),
            until: Some(at(20)),
        };
        let open = [9, 10, 19, 20].map(|second| window.is_open(at(second)));
        assert_eq!(open, [false, true, true, false]);
        assert!(SalesWindow::default().is_open(at(0)));
    }

    #[test]
    fn a_window_that_is_never_open_makes_no_sense() {
        let now = Timestamp::UNIX_EPOCH;
        let window = SalesWindow {
            from: Some(now),
            until: Some(now),
        };
        assert!(window.checked().is_err());
    }
}
