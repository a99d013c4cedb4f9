//! Bookings whatever their door, for those who look at all that they have, or at all that there are.

use deadpool_postgres::Pool;
use domain::BookingId;
use uuid::Uuid;

use super::row::{COLUMNS, read};
use crate::app::booking::Booking;
use crate::db::DbError;

/// Each part of the search has an index of its own, so it stays quick however many bookings there are.
const SEARCH: &str = "
    WITH found AS (
        SELECT id FROM bookings WHERE id = $1
        UNION SELECT id FROM bookings WHERE hold_id = $2
        UNION (SELECT id FROM bookings WHERE user_ref = $3 ORDER BY id DESC LIMIT $4)
        UNION (SELECT booking_id FROM booking_legs WHERE flight_id = $1 ORDER BY booking_id DESC LIMIT $4)
    )";

/// The bookings of these users that are older than this one, newest first, `limit` of them at most.
///
/// # Errors
/// When the database does not answer.
pub async fn all_of_users(
    database: &Pool,
    users: &[String],
    older_than: Option<BookingId>,
    limit: i64,
) -> Result<Vec<Booking>, DbError> {
    let client = database.get().await?;
    let query = format!(
        "SELECT {COLUMNS} FROM bookings
         WHERE user_ref = ANY ($1) AND ($2::bigint IS NULL OR id < $2)
         ORDER BY id DESC LIMIT $3"
    );
    let statement = client.prepare_cached(&query).await?;
    let older_than = older_than.map(|id| id.0);
    let rows = client
        .query(&statement, &[&users, &older_than, &limit])
        .await?;
    rows.iter().map(read).collect()
}

/// Bookings with this number, this order's id, this user or this flight, newest first, `limit` of them at
/// most.
///
/// # Errors
/// When the database does not answer.
pub async fn search(
    database: &Pool,
    number: Option<i64>,
    order: Option<Uuid>,
    user: &str,
    limit: i64,
) -> Result<Vec<Booking>, DbError> {
    let client = database.get().await?;
    let query = format!(
        "{SEARCH} SELECT {COLUMNS} FROM bookings WHERE id IN (SELECT id FROM found)
         ORDER BY id DESC LIMIT $4"
    );
    let statement = client.prepare_cached(&query).await?;
    let rows = client
        .query(&statement, &[&number, &order, &user, &limit])
        .await?;
    rows.iter().map(read).collect()
}
