//! Pools for the limit of tickets per user and event, and the free units of pools.

use std::collections::HashMap;

use deadpool_postgres::Pool;
use domain::PoolId;
use uuid::Uuid;

use crate::db::DbError;
use crate::db::create_pool;

const FIND: &str = "
    SELECT pool.id, pool.capacity
    FROM ticket_limits one JOIN pools pool ON pool.id = one.pool_id
    WHERE one.event_id = $1 AND one.user_id = $2";

const HELD: &str = "
    SELECT coalesce(sum(one.quantity), 0)::bigint,
           coalesce(sum(one.quantity) FILTER (WHERE NOT EXISTS (
               SELECT FROM ticket_limits mine
               JOIN hold_legs leg ON leg.pool_id = mine.pool_id AND leg.hold_id = booking.hold_id
               WHERE mine.event_id = $1 AND mine.user_id = $2
           )), 0)::bigint
    FROM event_bookings one JOIN bookings booking ON booking.id = one.booking_id
    WHERE one.event_id = $1 AND one.user_id = $2
        AND booking.state NOT IN ('failed', 'expired', 'cancelled')";

const INSERT: &str = "
    INSERT INTO ticket_limits (event_id, user_id, pool_id) VALUES ($1, $2, $3)
    ON CONFLICT (event_id, user_id) DO NOTHING";

/// The pool that counts a user's tickets to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketLimit {
    pub pool: PoolId,
    /// The most tickets that the user may hold.
    pub capacity: i32,
}

pub async fn find(
    database: &Pool,
    event: Uuid,
    user: Uuid,
) -> Result<Option<TicketLimit>, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(FIND).await?;
    let row = client.query_opt(&statement, &[&event, &user]).await?;
    row.map(|row| {
        Ok(TicketLimit {
            pool: PoolId(row.try_get(0)?),
            capacity: row.try_get(1)?,
        })
    })
    .transpose()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldTickets {
    /// In all bookings that have not ended.
    pub all: u32,
    /// In bookings made while the event had no limit, which its pool does not count.
    pub without_limit: u32,
}

/// Counts a user's tickets to an event.
pub async fn held(database: &Pool, event: Uuid, user: Uuid) -> Result<HeldTickets, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(HELD).await?;
    let row = client.query_one(&statement, &[&event, &user]).await?;
    let count = |index| {
        let count: i64 = row.try_get(index)?;
        u32::try_from(count).map_err(|_| DbError::Unreadable("event_bookings.quantity"))
    };
    Ok(HeldTickets {
        all: count(0)?,
        without_limit: count(1)?,
    })
}

/// Adds a user's limit for an event, unless one exists.
pub async fn insert(
    database: &Pool,
    event: Uuid,
    user: Uuid,
    capacity: i32,
) -> Result<(), DbError> {
    let mut client = database.get().await?;
    let transaction = client.transaction().await?;
    let pool = create_pool(&transaction, capacity, None).await?;
    let statement = transaction.prepare_cached(INSERT).await?;
    let added = transaction
        .execute(&statement, &[&event, &user, &pool.0])
        .await?;
    if added == 1 {
        transaction.commit().await?;
    }
    Ok(())
}

pub async fn free_units(
    database: &Pool,
    pools: &[PoolId],
) -> Result<HashMap<PoolId, i32>, DbError> {
    let client = database.get().await?;
    let query = "SELECT id, free FROM pools WHERE id = ANY ($1)";
    let statement = client.prepare_cached(query).await?;
    let ids: Vec<i64> = pools.iter().map(|pool| pool.0).collect();
    let rows = client.query(&statement, &[&ids]).await?;
    rows.iter()
        .map(|row| Ok((PoolId(row.try_get(0)?), row.try_get(1)?)))
        .collect()
}
