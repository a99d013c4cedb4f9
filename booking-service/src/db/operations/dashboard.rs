//! Statistics for the operators' dashboard. Only the latest bookings are read, so the cost does not grow with
//! the table.

use std::collections::HashMap;

use deadpool_postgres::Pool;
use domain::{Currency, FlightId};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::db::DbError;
use crate::model::dashboard::{EventSales, FlightSales, Revenue, Span, Totals};

const LATEST: &str =
    "WITH latest AS (SELECT * FROM bookings ORDER BY id DESC LIMIT $1), recent AS (
        SELECT * FROM latest WHERE created_at > now() - make_interval(secs => $2)
    )";

const TOTALS: &str = "
    SELECT count(*), count(*) FILTER (WHERE public_status = 'confirmed'),
        count(*) FILTER (WHERE public_status IN ('pending', 'held', 'paying', 'payment_failed')),
        count(*) FILTER (WHERE public_status IN ('failed', 'expired')),
        count(*) FILTER (WHERE public_status = 'cancelled'),
        (SELECT count(*) FROM due_bookings WHERE due_at < now() - interval '5 seconds')
    FROM recent";

const REVENUE: &str = "
    SELECT currency, floor(extract(epoch FROM now() - created_at)::float8 / $3)::integer AS age,
        sum(amount_minor)::bigint
    FROM recent WHERE public_status = 'confirmed' AND currency IS NOT NULL GROUP BY currency, age";

/// The most currencies shown; more cannot be read at a glance.
const CURRENCIES_MAX: usize = 4;

const OVER_TIME: &str = "
    SELECT floor(extract(epoch FROM now() - created_at)::float8 / $3)::integer AS age, count(*),
        count(*) FILTER (WHERE public_status = 'confirmed')
    FROM recent GROUP BY age";

const FLIGHTS: &str = "
    SELECT leg.flight_id,
        coalesce(sum(leg.units) FILTER (WHERE recent.public_status = 'confirmed'), 0)::bigint AS sold,
        coalesce(sum(leg.units) FILTER (WHERE recent.public_status IN ('held', 'paying')), 0)::bigint AS held
    FROM recent JOIN booking_legs leg ON leg.booking_id = recent.id
    GROUP BY leg.flight_id ORDER BY sold DESC, held DESC, leg.flight_id LIMIT $3";

const EVENTS: &str = "
    SELECT event.id, event.name, pool.capacity, pool.held, pool.sold
    FROM events event JOIN pools pool ON pool.id = event.pool_id
    WHERE event.deleted_at IS NULL ORDER BY event.id DESC LIMIT $1";

/// Sums of the latest bookings of a span, and the number made in each of its parts, oldest first.
pub async fn totals(database: &Pool, span: Span, latest: i64) -> Result<Totals, DbError> {
    let client = database.get().await?;
    let seconds = span.seconds();
    let statement = client.prepare_cached(&format!("{LATEST}{TOTALS}")).await?;
    let row = client.query_one(&statement, &[&latest, &seconds]).await?;
    let part = span.part_seconds();
    let statement = client.prepare_cached(&format!("{LATEST}{REVENUE}")).await?;
    let revenue = client
        .query(&statement, &[&latest, &seconds, &part])
        .await?;
    let statement = client
        .prepare_cached(&format!("{LATEST}{OVER_TIME}"))
        .await?;
    let parts = client
        .query(&statement, &[&latest, &seconds, &part])
        .await?;
    let mut over_time = vec![(0, 0); span.parts()];
    for row in &parts {
        if let Some(part) = part_of(&mut over_time, row.try_get(0)?) {
            *part = (row.try_get(1)?, row.try_get(2)?);
        }
    }
    Ok(Totals {
        made: row.try_get(0)?,
        confirmed: row.try_get(1)?,
        open: row.try_get(2)?,
        failed: row.try_get(3)?,
        cancelled: row.try_get(4)?,
        overdue: row.try_get(5)?,
        revenue: revenue_of(&revenue, span)?,
        over_time,
    })
}

/// `age` counts parts back from now.
fn part_of<T>(over_time: &mut [T], age: i32) -> Option<&mut T> {
    let age = usize::try_from(age).ok()?;
    let place = over_time.len().checked_sub(age + 1)?;
    over_time.get_mut(place)
}

fn revenue_of(rows: &[Row], span: Span) -> Result<Vec<Revenue>, DbError> {
    let mut all: Vec<Revenue> = Vec::new();
    for row in rows {
        let currency = Currency::stored(row.try_get(0)?);
        let currency: Currency = currency.map_err(|_| DbError::Unreadable("bookings.currency"))?;
        let known = all.iter().position(|one| one.currency == currency);
        let place = known.unwrap_or(all.len());
        if known.is_none() {
            all.push(Revenue {
                currency,
                over_time: vec![0; span.parts()],
            });
        }
        let part = all.get_mut(place);
        let part = part.and_then(|one| part_of(&mut one.over_time, row.try_get(1).ok()?));
        if let Some(part) = part {
            *part = row.try_get(2)?;
        }
    }
    all.sort_by_key(|one| std::cmp::Reverse(one.total()));
    all.truncate(CURRENCIES_MAX);
    Ok(all)
}

/// The flights with the most recent sales.
pub async fn flights(
    database: &Pool,
    span: Span,
    latest: i64,
    limit: i64,
) -> Result<Vec<FlightSales>, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(&format!("{LATEST}{FLIGHTS}")).await?;
    let rows = client
        .query(&statement, &[&latest, &span.seconds(), &limit])
        .await?;
    let sales = rows.iter().map(|row| {
        Ok(FlightSales {
            flight: FlightId(row.try_get(0)?),
            sold: row.try_get(1)?,
            held: row.try_get(2)?,
        })
    });
    sales.collect()
}

/// The newest events with their sold, held and free tickets.
pub async fn events(database: &Pool, limit: i64) -> Result<Vec<EventSales>, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(EVENTS).await?;
    let rows = client.query(&statement, &[&limit]).await?;
    let sales = rows.iter().map(|row| {
        Ok(EventSales {
            event: row.try_get(0)?,
            name: row.try_get(1)?,
            capacity: row.try_get(2)?,
            held: row.try_get(3)?,
            sold: row.try_get(4)?,
        })
    });
    sales.collect()
}

/// Free tickets of each event.
pub async fn tickets_left(database: &Pool, events: &[Uuid]) -> Result<HashMap<Uuid, i32>, DbError> {
    let client = database.get().await?;
    let query =
        "SELECT event.id, pool.free FROM events event JOIN pools pool ON pool.id = event.pool_id
                 WHERE event.id = ANY ($1)";
    let statement = client.prepare_cached(query).await?;
    let rows = client.query(&statement, &[&events]).await?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect()
}
