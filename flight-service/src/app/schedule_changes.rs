//! Manual changes of the schedule: flights added, changed, cancelled.

use std::sync::Arc;

use deadpool_postgres::Pool as Database;
use domain::{Amount, Currency, FlightId, Money, SeatLayout};
use flight_api::{Flight, FlightChange, FlightStatus, NewFlight};
use inventory::{Inventory, InventoryError, NewPool, PoolChange, Refusal};
use service_core::idempotency::{self, Answer, Replayable, RequestKey, StoredResult, answers};

use super::AppError;
use super::current_schedule::CurrentSchedule;
use super::seats::Seats;
use crate::db::flights::{FlightCancelled, FlightChanged};
use crate::{POOL_KIND, db};

/// Upper limit of a flight's capacity.
pub const SEATS_MAX: i32 = 1000;

/// Changes the schedule. Capacities and the end of sales go through the inventory, so that they can't race
/// sales.
pub struct ScheduleChanges {
    database: Database,
    schedule: Arc<CurrentSchedule>,
    inventory: Arc<Inventory>,
}

impl ScheduleChanges {
    #[must_use]
    pub fn new(
        database: Database,
        schedule: Arc<CurrentSchedule>,
        inventory: Arc<Inventory>,
    ) -> Self {
        Self {
            database,
            schedule,
            inventory,
        }
    }

    /// Adds a flight, once per key.
    ///
    /// # Errors
    /// The flight is invalid or exists already, or the key is bound to another request.
    pub async fn add(
        &self,
        seats: &Seats,
        new: &NewFlight,
        key: Option<RequestKey>,
        answer: impl Fn(&Flight) -> Answer,
    ) -> Result<Replayable<Answer>, AppError> {
        let key = key.as_ref();
        let find = |key| self.kept_answer(key);
        let insert = self.insert(seats, new, key, answer);
        let added = idempotency::create(key, find, insert).await?;
        self.schedule.wait_for_changes().await;
        Ok(added)
    }

    async fn kept_answer(&self, key: &str) -> Result<Option<StoredResult<Answer>>, AppError> {
        let kept = answers::find(&self.database.get().await?, key).await;
        let kept = kept.map_err(db::DbError::from)?;
        Ok(kept.map(|((answer, _), digest)| (answer, digest)))
    }

    async fn insert(
        &self,
        seats: &Seats,
        new: &NewFlight,
        key: Option<&RequestKey>,
        answer: impl Fn(&Flight) -> Answer,
    ) -> Result<Answer, AppError> {
        let flight = checked(new)?;
        let layout = seat_layout(new)?;
        let mut client = self.database.get().await?;
        let transaction = client.transaction().await.map_err(db::DbError::from)?;
        let id = db::flights::new_id(&transaction).await?;
        let pool = NewPool {
            id: id.pool(),
            kind: POOL_KIND.to_owned(),
            capacity: new.total_seats,
            already_sold: 0,
            layout,
            starts_at: Some(new.departure_time),
        };
        inventory::create_pools(&transaction, vec![pool]).await?;
        db::flights::insert(&transaction, &[(id, flight)]).await?;
        let answer = answer(&seats.flight_in(&transaction, id).await?);
        if let Some(key) = key {
            let kept = answers::keep(&transaction, key, &answer, None).await;
            kept.map_err(db::DbError::from)?;
        }
        db::schedule_version::raise(&transaction).await?;
        transaction.commit().await.map_err(db::DbError::from)?;
        Ok(answer)
    }

    /// Changes a flight: everything in one commit, or nothing.
    ///
    /// # Errors
    /// There is no such flight, or the change is refused.
    pub async fn change(&self, id: FlightId, change: &FlightChange) -> Result<(), AppError> {
        self.require(id).await?;
        let price = match change.price {
            Some(price) => {
                let currency = db::flights::currency(&self.database.get().await?, id).await?;
                Some(checked_price(price, currency)?)
            }
            None => None,
        };
        if change
            .status
            .is_some_and(|status| status != FlightStatus::Closed)
        {
            let problem = "can be set to closed only; DELETE cancels a flight";
            return Err(AppError::Invalid("status", problem.to_owned()));
        }
        change.total_seats.map_or(Ok(()), check_seats)?;
        let pool = PoolChange {
            capacity: change.total_seats,
            closes: change.status.is_some(),
            ..PoolChange::of(id.pool())
        };
        let rows = FlightChanged { flight: id, price };
        self.inventory.change_pool(pool).with(rows).send().await?;
        self.schedule.wait_for_changes().await;
        Ok(())
    }

    /// Cancels a flight without held or sold seats, in one commit with closing its pool, so that nobody gets
    /// a seat meanwhile.
    ///
    /// # Errors
    /// There is no such flight, or seats are held or sold.
    pub async fn cancel(&self, id: FlightId) -> Result<(), AppError> {
        self.require(id).await?;
        let pool = PoolChange {
            closes: true,
            only_unsold: true,
            ..PoolChange::of(id.pool())
        };
        let cancelling = self.inventory.change_pool(pool).with(FlightCancelled(id));
        cancelling.send().await.map_err(|error| match error {
            InventoryError::Refused(Refusal::CapacityInUse) => AppError::HasBookings(id),
            error => error.into(),
        })?;
        self.schedule.wait_for_changes().await;
        Ok(())
    }

    async fn require(&self, id: FlightId) -> Result<(), AppError> {
        let client = self.database.get().await?;
        let flight = db::flights::find(&client, id).await?;
        flight.map(|_| ()).ok_or(AppError::UnknownFlight(id))
    }
}

/// Validates a new flight. Its airports are checked by foreign keys.
fn checked(new: &NewFlight) -> Result<db::flights::NewFlight, AppError> {
    let invalid = |field, problem: &str| Err(AppError::Invalid(field, problem.to_owned()));
    if new.source == new.destination {
        return invalid("destination", "must be another airport than the source");
    }
    if new.arrival_time <= new.departure_time {
        return invalid("arrival_time", "must come after departure_time");
    }
    if new.departure_time.subsec_nanosecond() != 0 {
        return invalid("departure_time", "must be a whole second");
    }
    if new.arrival_time.subsec_nanosecond() != 0 {
        return invalid("arrival_time", "must be a whole second");
    }
    check_seats(new.total_seats)?;
    Ok(db::flights::NewFlight {
        flight_number: new.flight_number,
        source: new.source,
        destination: new.destination,
        departs_at: new.departure_time,
        arrives_at: new.arrival_time,
        price: checked_price(new.price, new.currency)?,
    })
}

fn checked_price(price: Amount, currency: Currency) -> Result<Money, AppError> {
    if price < Amount::ZERO {
        return Err(AppError::Invalid(
            "price",
            "must not be below zero".to_owned(),
        ));
    }
    Money::new(price, currency).map_err(|error| AppError::Invalid("price", error.0))
}

fn check_seats(seats: i32) -> Result<(), AppError> {
    if (1..=SEATS_MAX).contains(&seats) {
        Ok(())
    } else {
        Err(AppError::Invalid(
            "total_seats",
            format!("must be from 1 to {SEATS_MAX}"),
        ))
    }
}

fn seat_layout(new: &NewFlight) -> Result<Option<SeatLayout>, AppError> {
    let Some(text) = &new.seat_map else {
        return Ok(None);
    };
    let layout: SeatLayout = text
        .parse()
        .map_err(|error: domain::Invalid| AppError::Invalid("seat_map", error.0))?;
    if i64::from(layout.seat_count()) == i64::from(new.total_seats) {
        Ok(Some(layout))
    } else {
        let problem = format!("has {} seats, not total_seats", layout.seat_count());
        Err(AppError::Invalid("seat_map", problem))
    }
}
