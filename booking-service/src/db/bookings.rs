//! The tables `bookings`, `booking_legs` and `travelers`.

pub mod unpaid_orders;
pub mod writer;

mod all_channels;
mod insert;
mod list;
pub(super) mod row;
mod update;

use std::time::Duration;

use deadpool_postgres::{GenericClient, Pool};
use domain::{BookingId, HoldId, SeatNumber};

use crate::db::DbError;
use crate::db::bookings::row::{COLUMNS, read, read_claimed};
use crate::model::booking::Booking;

pub use all_channels::{all_of_users, end_of_latest, first_since, search};
pub use insert::{Insertion, insert};
pub use list::{of_flight, of_user, users_of};
pub use update::{Change, NextStep, update, update_and_keep, update_with_seats};

/// Seats as one text, for a column of lists.
fn joined(seats: &[SeatNumber]) -> String {
    seats
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(",")
}

const CLAIM: &str = "
    UPDATE bookings
    SET next_step_at = now() + make_interval(secs => $1), lease_reclaims = lease_reclaims + 1,
        version = version + 1
    WHERE id IN (
        SELECT id FROM bookings WHERE next_step_at <= now()
        ORDER BY next_step_at LIMIT $2 FOR UPDATE SKIP LOCKED
    )
    RETURNING ";

const CLAIM_ONE: &str = "
    UPDATE bookings
    SET next_step_at = now() + make_interval(secs => $2), lease_reclaims = lease_reclaims + 1,
        version = version + 1
    WHERE id = $1 AND next_step_at <= now()
    RETURNING ";

/// A row that somebody holds is being written, which gives it a lease of its own: nobody waits for it.
const RENEW: &str = "
    WITH mine AS (
        SELECT bookings.id
        FROM unnest($1::bigint[], $2::bigint[]) AS mine (id, version)
        JOIN bookings ON bookings.id = mine.id AND bookings.version = mine.version
        WHERE bookings.next_step_at IS NOT NULL
        ORDER BY bookings.id
        FOR UPDATE OF bookings SKIP LOCKED
    )
    UPDATE bookings SET next_step_at = now() + make_interval(secs => $3)
    FROM mine WHERE bookings.id = mine.id";

/// A deadline that comes before is not slept through.
const POSTPONE: &str = "
    UPDATE bookings
    SET next_step_at = CASE
        WHEN deadline_at > now() THEN least(now() + make_interval(secs => $3), deadline_at)
        ELSE now() + make_interval(secs => $3)
    END
    WHERE id = $1 AND version = $2 AND next_step_at IS NOT NULL";

/// A booking by its id.
///
/// # Errors
/// When the database does not answer.
pub async fn find(database: &Pool, id: BookingId) -> Result<Option<Booking>, DbError> {
    let client = database.get().await?;
    one(&client, "id = $1", &id.0).await
}

/// A booking by its hold's id, which is an order's id.
///
/// # Errors
/// When the database does not answer.
pub async fn find_by_hold(database: &Pool, hold: HoldId) -> Result<Option<Booking>, DbError> {
    let client = database.get().await?;
    one(&client, "hold_id = $1", &hold.0).await
}

/// Whose an order with chosen seats is.
///
/// # Errors
/// When the database does not answer.
pub async fn owner_of_order(database: &Pool, order: HoldId) -> Result<Option<String>, DbError> {
    let client = database.get().await?;
    let query = "SELECT user_ref FROM bookings WHERE hold_id = $1 AND channel = 'seats'";
    let statement = client.prepare_cached(query).await?;
    let row = client.query_opt(&statement, &[&order.0]).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// A booking by the key under which it was asked for.
///
/// # Errors
/// When the database does not answer.
pub async fn find_by_key(database: &Pool, key: &str) -> Result<Option<Booking>, DbError> {
    let client = database.get().await?;
    one(&client, "idempotency_key = $1", &key).await
}

async fn one<T: tokio_postgres::types::ToSql + Sync>(
    client: &impl GenericClient,
    condition: &str,
    value: &T,
) -> Result<Option<Booking>, DbError> {
    let query = format!("SELECT {COLUMNS} FROM bookings WHERE {condition}");
    let statement = client.prepare_cached(&query).await?;
    let row = client.query_opt(&statement, &[value]).await?;
    row.as_ref().map(read).transpose()
}

/// Takes over bookings that have work left and belong to nobody.
///
/// # Errors
/// When the database does not answer.
pub async fn claim(database: &Pool, lease: Duration, limit: i64) -> Result<Vec<Booking>, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(&format!("{CLAIM}{COLUMNS}")).await?;
    let rows = client
        .query(&statement, &[&lease.as_secs_f64(), &limit])
        .await?;
    read_claimed(&client, &rows).await
}

/// Takes over one booking, if it has work left and belongs to nobody.
///
/// # Errors
/// When the database does not answer.
pub async fn claim_one(
    database: &Pool,
    id: BookingId,
    lease: Duration,
) -> Result<Option<Booking>, DbError> {
    let client = database.get().await?;
    let query = format!("{CLAIM_ONE}{COLUMNS}");
    let statement = client.prepare_cached(&query).await?;
    let rows = client
        .query(&statement, &[&id.0, &lease.as_secs_f64()])
        .await?;
    Ok(read_claimed(&client, &rows).await?.pop())
}

/// Has bookings belong to their workers for as long as the lease says, unless somebody changed them.
///
/// # Errors
/// When the database does not answer.
pub async fn renew(
    database: &Pool,
    mine: &[(BookingId, i64)],
    lease: Duration,
) -> Result<(), DbError> {
    let client = database.get().await?;
    let ids: Vec<i64> = mine.iter().map(|(id, _)| id.0).collect();
    let versions: Vec<i64> = mine.iter().map(|(_, version)| *version).collect();
    let statement = client.prepare_cached(RENEW).await?;
    client
        .execute(&statement, &[&ids, &versions, &lease.as_secs_f64()])
        .await?;
    Ok(())
}

/// Gives a booking up for now: somebody goes on with it after the pause.
///
/// # Errors
/// When the database does not answer.
pub async fn postpone(database: &Pool, booking: &Booking, pause: Duration) -> Result<(), DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(POSTPONE).await?;
    let (id, pause_s) = (booking.id.0, pause.as_secs_f64());
    client
        .execute(&statement, &[&id, &booking.version, &pause_s])
        .await?;
    Ok(())
}
