//! Tables `bookings`, `booking_legs` and `travelers`.

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

/// An array element as text, because `unnest` flattens nested arrays.
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
        SELECT bookings.id
        FROM due_bookings JOIN bookings ON bookings.id = due_bookings.booking_id
        WHERE due_bookings.due_at <= now() AND bookings.next_step_at <= now()
        ORDER BY due_bookings.due_at LIMIT $2 FOR UPDATE OF bookings SKIP LOCKED
    )
    RETURNING ";

const CLAIM_ONE: &str = "
    UPDATE bookings
    SET next_step_at = now() + make_interval(secs => $2), lease_reclaims = lease_reclaims + 1,
        version = version + 1
    WHERE id = $1 AND next_step_at <= now()
    RETURNING ";

/// Locked rows are skipped: whoever is writing them sets their lease.
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

/// Never past the booking's deadline.
const POSTPONE: &str = "
    UPDATE bookings
    SET next_step_at = CASE
        WHEN deadline_at > now() THEN least(now() + make_interval(secs => $3), deadline_at)
        ELSE now() + make_interval(secs => $3)
    END
    WHERE id = $1 AND version = $2 AND next_step_at IS NOT NULL";

pub async fn find(database: &Pool, id: BookingId) -> Result<Option<Booking>, DbError> {
    let client = database.get().await?;
    one(&client, "id = $1", &id.0).await
}

/// A hold's id is also the order's id.
pub async fn find_by_hold(database: &Pool, hold: HoldId) -> Result<Option<Booking>, DbError> {
    let client = database.get().await?;
    one(&client, "hold_id = $1", &hold.0).await
}

/// The user of an order with chosen seats.
pub async fn owner_of_order(database: &Pool, order: HoldId) -> Result<Option<String>, DbError> {
    let client = database.get().await?;
    let query = "SELECT user_ref FROM bookings WHERE hold_id = $1 AND channel = 'seats'";
    let statement = client.prepare_cached(query).await?;
    let row = client.query_opt(&statement, &[&order.0]).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// The booking that a request with this idempotency key made.
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

/// Leases bookings that are due and whose lease has expired.
pub async fn claim(database: &Pool, lease: Duration, limit: i64) -> Result<Vec<Booking>, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(&format!("{CLAIM}{COLUMNS}")).await?;
    let rows = client
        .query(&statement, &[&lease.as_secs_f64(), &limit])
        .await?;
    read_claimed(&client, &rows).await
}

/// Leases one booking, if it is due and its lease has expired.
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

/// Extends the leases of the worker's bookings, unless their version has changed.
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

/// Releases the lease; the booking is due again after the pause.
pub async fn postpone(database: &Pool, booking: &Booking, pause: Duration) -> Result<(), DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(POSTPONE).await?;
    let (id, pause_s) = (booking.id.0, pause.as_secs_f64());
    client
        .execute(&statement, &[&id, &booking.version, &pause_s])
        .await?;
    Ok(())
}
