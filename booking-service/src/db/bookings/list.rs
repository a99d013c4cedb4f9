use std::collections::HashMap;

use deadpool_postgres::Pool;
use domain::{BookingId, FlightId, HoldId};
use service_core::page::PageRequest;
use uuid::Uuid;

use crate::db::DbError;
use crate::db::bookings::row::{COLUMNS, read_all};
use crate::model::booking::{Booking, Channel};

/// A page of a user's bookings of one channel, newest first.
pub async fn of_user(
    database: &Pool,
    user: &str,
    channel: Channel,
    part: PageRequest<BookingId>,
    limit: i64,
) -> Result<Vec<Booking>, DbError> {
    let client = database.get().await?;
    let (condition, order, id) = match part {
        PageRequest::First => ("$3::bigint IS NULL", "DESC", None),
        PageRequest::After(id) => ("id < $3::bigint", "DESC", Some(id.0)),
        PageRequest::Before(id) => ("id > $3::bigint", "ASC", Some(id.0)),
    };
    let query = format!(
        "SELECT {COLUMNS} FROM bookings WHERE user_ref = $1 AND channel = $2 AND {condition}
         ORDER BY id {order} LIMIT $4"
    );
    let statement = client.prepare_cached(&query).await?;
    let rows = client
        .query(&statement, &[&user, &channel.as_str(), &id, &limit])
        .await?;
    let mut found = read_all(&rows);
    if matches!(part, PageRequest::Before(_)) {
        found.reverse();
    }
    Ok(found)
}

/// Bookings with seats on a flight whose end is not yet visible to the public.
pub async fn of_flight(
    database: &Pool,
    flight: FlightId,
    limit: i64,
) -> Result<Vec<Booking>, DbError> {
    let client = database.get().await?;
    let query = format!(
        "SELECT {COLUMNS} FROM bookings
         WHERE id IN (SELECT booking_id FROM booking_legs WHERE flight_id = $1)
             AND public_status NOT IN ('failed', 'expired', 'cancelled')
         ORDER BY id LIMIT $2"
    );
    let statement = client.prepare_cached(&query).await?;
    let rows = client.query(&statement, &[&flight.0, &limit]).await?;
    Ok(read_all(&rows))
}

/// The users of these orders.
pub async fn users_of(
    database: &Pool,
    orders: &[HoldId],
) -> Result<HashMap<HoldId, String>, DbError> {
    let client = database.get().await?;
    let ids: Vec<Uuid> = orders.iter().map(|order| order.0).collect();
    let statement = client
        .prepare_cached("SELECT hold_id, user_ref FROM bookings WHERE hold_id = ANY ($1::uuid[])")
        .await?;
    let rows = client.query(&statement, &[&ids]).await?;
    rows.iter()
        .map(|row| Ok((HoldId(row.try_get(0)?), row.try_get(1)?)))
        .collect()
}
