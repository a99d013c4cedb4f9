//! Events and their sales.

use deadpool_postgres::Pool;
use domain::{Currency, Money, PoolId, Units, ZoneName};
use inventory::{Accepted, RowStatement, Rows};
use jiff::Timestamp;
use service_core::idempotency::Answer;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::db::DbError;
use crate::db::create_pool;
use crate::db::keep_answer;
use crate::model::event::{Event, EventChange, NewEvent, Offer, SalesWindow, Statistics};
use crate::model::text::{Description, Name};

/// The check that an event's sales window is not empty.
pub const SALES_WINDOW: &str = "events_sales_window";

const INSERT: &str = "
    WITH event AS (
        INSERT INTO events (id, pool_id, name, description, starts_at, price_minor, currency,
                            sales_start_at, sales_end_at, tickets_per_user, time_zone, venue)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        RETURNING id
    )
    INSERT INTO event_sales (event_id) SELECT id FROM event";

/// Read by [`event_of`].
const COLUMNS: &str = "
    event.id, event.pool_id, event.name, event.description, event.starts_at, pool.capacity,
    event.price_minor, event.currency, event.sales_start_at, event.sales_end_at, event.created_at,
    event.updated_at, event.tickets_per_user, event.time_zone, event.venue
    FROM events event JOIN pools pool ON pool.id = event.pool_id";

const UPDATE: &str = "
    UPDATE events
    SET name = coalesce($2, name), description = coalesce($3, description),
        price_minor = coalesce($4, price_minor),
        sales_start_at = CASE WHEN $5 THEN $6 ELSE sales_start_at END,
        sales_end_at = CASE WHEN $7 THEN $8 ELSE sales_end_at END,
        tickets_per_user = CASE WHEN $9 THEN $10 ELSE tickets_per_user END,
        starts_at = coalesce($11, starts_at),
        time_zone = CASE WHEN $12 THEN $13 ELSE time_zone END,
        venue = CASE WHEN $14 THEN $15 ELSE venue END, updated_at = now()
    WHERE id = $1 AND deleted_at IS NULL";

/// Rows are locked by ascending id, so that two batches cannot deadlock (lock order).
const DELETE: &str = "
    UPDATE events SET deleted_at = now() WHERE id IN (
        SELECT id FROM events WHERE id = ANY ($1::uuid[]) AND deleted_at IS NULL
        ORDER BY id FOR UPDATE
    )";

/// One statement, so the sums and the free count are of one snapshot.
const STATISTICS: &str = "
    SELECT sales.units_sold, sales.revenue_minor, pool.free, event.currency
    FROM events event
    JOIN event_sales sales ON sales.event_id = event.id
    JOIN pools pool ON pool.id = event.pool_id
    WHERE event.id = $1 AND event.deleted_at IS NULL";

/// A change of an event, committed with the change of its pool.
pub struct EventChanged {
    pub event: Uuid,
    /// The fields that are given.
    pub change: EventChange,
    /// The new price, parsed in the event's currency.
    pub price: Option<Money>,
}

impl Rows for EventChanged {
    fn statements(batch: &[(&Self, &Accepted)]) -> Vec<RowStatement> {
        batch.iter().map(|(one, _)| one.statement()).collect()
    }
}

impl EventChanged {
    fn statement(&self) -> RowStatement {
        let change = &self.change;
        let text = |text: &str| text.to_owned();
        let per_user = change.tickets_per_user.flatten();
        RowStatement::new(UPDATE)
            .with(self.event)
            .with(change.name.as_ref().map(Name::as_str).map(text))
            .with(
                change
                    .description
                    .as_ref()
                    .map(Description::as_str)
                    .map(text),
            )
            .with(self.price.map(Money::minor))
            .with(change.sales_from.is_some())
            .with(change.sales_from.flatten())
            .with(change.sales_until.is_some())
            .with(change.sales_until.flatten())
            .with(change.tickets_per_user.is_some())
            .with(per_user.map(|units| units.get().cast_signed()))
            .with(change.starts_at)
            .with(change.time_zone.is_some())
            .with(change.time_zone.clone().flatten().map(String::from))
            .with(change.venue.is_some())
            .with(change.venue.clone().flatten().map(String::from))
    }
}

/// The deletion of an event, committed with the closing of its pool.
pub struct EventDeleted(pub Uuid);

impl Rows for EventDeleted {
    fn statements(batch: &[(&Self, &Accepted)]) -> Vec<RowStatement> {
        let events: Vec<Uuid> = batch.iter().map(|(one, _)| one.0).collect();
        vec![RowStatement::new(DELETE).with(events)]
    }
}

/// Adds an event with its pool and stores the answer under the request's key.
pub async fn insert(
    database: &Pool,
    id: Uuid,
    new: &NewEvent,
    answer: impl Fn(&Event) -> Answer,
) -> Result<Answer, DbError> {
    let mut client = database.get().await?;
    let transaction = client.transaction().await?;
    let pool = create_pool(
        &transaction,
        new.total_tickets.get().cast_signed(),
        Some(new.starts_at),
    )
    .await?;
    let statement = transaction.prepare_cached(INSERT).await?;
    let (name, description) = (new.name.as_str(), new.description.as_str());
    let (price, currency) = (new.price.minor(), new.price.currency().to_string());
    let (from, until) = (new.sales.from, new.sales.until);
    let time_zone = new.time_zone.as_ref().map(ZoneName::as_str);
    let venue = new.venue.as_ref().map(Name::as_str);
    let per_user = new.tickets_per_user.map(|units| units.get().cast_signed());
    transaction
        .execute(
            &statement,
            &[
                &id,
                &pool.0,
                &name,
                &description,
                &new.starts_at,
                &price,
                &currency,
                &from,
                &until,
                &per_user,
                &time_zone,
                &venue,
            ],
        )
        .await?;
    let query = format!("SELECT {COLUMNS} WHERE event.id = $1");
    let statement = transaction.prepare_cached(&query).await?;
    let row = transaction.query_one(&statement, &[&id]).await?;
    let answer = answer(&event_of(&row)?);
    keep_answer(&transaction, new.key.as_ref(), &answer).await?;
    transaction.commit().await?;
    Ok(answer)
}

/// `None` if there is no such event or it was deleted.
pub async fn find(database: &Pool, id: Uuid) -> Result<Option<Event>, DbError> {
    let client = database.get().await?;
    let query = format!("SELECT {COLUMNS} WHERE event.id = $1 AND event.deleted_at IS NULL");
    let statement = client.prepare_cached(&query).await?;
    let row = client.query_opt(&statement, &[&id]).await?;
    row.as_ref().map(event_of).transpose()
}

/// An event's start; deleted events included.
pub async fn starts_at(database: &Pool, id: Uuid) -> Result<Option<Timestamp>, DbError> {
    let client = database.get().await?;
    let statement = client
        .prepare_cached("SELECT starts_at FROM events WHERE id = $1")
        .await?;
    let row = client.query_opt(&statement, &[&id]).await?;
    row.map(|row| Ok(row.try_get(0)?)).transpose()
}

/// An event as a user may book it, with whether that user exists and the time by the database's clock.
pub async fn offer(database: &Pool, event: Uuid, user: Uuid) -> Result<Option<Offer>, DbError> {
    let client = database.get().await?;
    let query = format!(
        "SELECT one.*, clock_timestamp() AS now,
                EXISTS (SELECT FROM users WHERE users.id = $2) AS has_user
         FROM (SELECT {COLUMNS} WHERE event.id = $1 AND event.deleted_at IS NULL) AS one"
    );
    let statement = client.prepare_cached(&query).await?;
    let row = client.query_opt(&statement, &[&event, &user]).await?;
    row.map(|row| {
        Ok(Offer {
            event: event_of(&row)?,
            now: row.try_get("now")?,
            has_user: row.try_get("has_user")?,
        })
    })
    .transpose()
}

/// A page of events, by id, after this one.
pub async fn list(database: &Pool, after: Option<Uuid>, limit: i64) -> Result<Vec<Event>, DbError> {
    let client = database.get().await?;
    let query = format!(
        "SELECT {COLUMNS}
         WHERE event.deleted_at IS NULL AND ($1::uuid IS NULL OR event.id > $1)
         ORDER BY event.id LIMIT $2"
    );
    let statement = client.prepare_cached(&query).await?;
    let rows = client.query(&statement, &[&after, &limit]).await?;
    rows.iter().map(event_of).collect()
}

/// Units sold, revenue and free units of an event.
pub async fn statistics(database: &Pool, id: Uuid) -> Result<Option<Statistics>, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(STATISTICS).await?;
    let row = client.query_opt(&statement, &[&id]).await?;
    row.map(|row| {
        Ok(Statistics {
            units_sold: row.try_get(0)?,
            revenue_minor: row.try_get(1)?,
            free_units: row.try_get(2)?,
            currency: Currency::stored(row.try_get(3)?)
                .map_err(|_| DbError::Unreadable("events.currency"))?,
        })
    })
    .transpose()
}

fn event_of(row: &Row) -> Result<Event, DbError> {
    let currency =
        Currency::stored(row.try_get(7)?).map_err(|_| DbError::Unreadable("events.currency"))?;
    let price = Money::from_minor(row.try_get(6)?, currency);
    let per_user: Option<i32> = row.try_get(12)?;
    let per_user = per_user.map(|units| Units::try_from(i64::from(units)));
    Ok(Event {
        id: row.try_get(0)?,
        pool: PoolId(row.try_get(1)?),
        name: row.try_get(2)?,
        description: row.try_get(3)?,
        starts_at: row.try_get(4)?,
        // A time zone that only a newer version knows does not hide the event.
        time_zone: row
            .try_get::<_, Option<&str>>(13)?
            .and_then(|zone| zone.parse().ok()),
        venue: row.try_get(14)?,
        total_tickets: row.try_get(5)?,
        price: price.map_err(|_| DbError::Unreadable("events.price_minor"))?,
        sales: SalesWindow {
            from: row.try_get(8)?,
            until: row.try_get(9)?,
        },
        created_at: row.try_get(10)?,
        updated_at: row.try_get(11)?,
        tickets_per_user: per_user
            .transpose()
            .map_err(|_| DbError::Unreadable("events.tickets_per_user"))?,
    })
}
