//! Bookings of all channels: a user's own list, and the admin list.

use std::ops::Range;

use deadpool_postgres::Pool;
use domain::BookingId;
use jiff::Timestamp;
use uuid::Uuid;

use crate::db::DbError;
use crate::db::bookings::row::{COLUMNS, read_all};
use crate::model::booking::Booking;
use crate::model::dashboard::{BookingFilter, Stage};

/// Each branch has an index, so the cost does not grow with the table.
const KNOWN: &str = "
    FROM bookings WHERE id IN (
        SELECT id FROM bookings WHERE id = $8
        UNION SELECT id FROM bookings WHERE hold_id = $9
        UNION (SELECT id FROM bookings WHERE user_ref = $10 AND id >= $1 AND id < $2
               ORDER BY id DESC LIMIT $3)
        UNION (SELECT booking_id FROM booking_legs WHERE flight_id = $8 AND booking_id >= $1
               AND booking_id < $2 ORDER BY booking_id DESC LIMIT $3)
    ) AND id >= $1 AND id < $2";

const OF_FLIGHT: &str = "
    FROM bookings WHERE id IN (
        SELECT booking_id FROM booking_legs
        WHERE flight_id = $5 AND booking_id >= $1 AND booking_id < $2
        ORDER BY booking_id DESC LIMIT $3
    )";

const LATEST: &str = "
    FROM (SELECT * FROM bookings WHERE id >= $1 AND id < $2 ORDER BY id DESC LIMIT $3) AS bookings
    WHERE TRUE";

/// The subqueries run per booking: `booking_legs` and `event_bookings` are indexed by booking, and nothing is
/// indexed by event.
const NARROWED: &str = "
    AND ($4::text[] IS NULL OR public_status = ANY ($4))
    AND ($5::bigint IS NULL
         OR $5 = ANY (ARRAY(SELECT flight_id FROM booking_legs WHERE booking_id = bookings.id)))
    AND ($6::uuid IS NULL
         OR $6 = (SELECT event_id FROM event_bookings WHERE booking_id = bookings.id))
    ORDER BY id DESC LIMIT $7";

const END_OF_LATEST: &str = "
    SELECT id FROM bookings WHERE id >= $1 AND id < $2 ORDER BY id DESC OFFSET $3::bigint - 1 LIMIT 1";

/// The public statuses that a stage covers.
fn shown(stage: Stage) -> &'static [&'static str] {
    match stage {
        Stage::Open => &["pending", "held", "paying", "payment_failed"],
        Stage::Confirmed => &["confirmed"],
        Stage::Failed => &["failed"],
        Stage::Expired => &["expired"],
        Stage::Cancelled => &["cancelled"],
    }
}

/// Bookings of these users at this stage, older than this one, newest first.
pub async fn all_of_users(
    database: &Pool,
    users: &[String],
    stage: Option<Stage>,
    older_than: Option<BookingId>,
    limit: i64,
) -> Result<Vec<Booking>, DbError> {
    let client = database.get().await?;
    let query = format!(
        "SELECT {COLUMNS} FROM bookings
         WHERE user_ref = ANY ($1) AND ($2::bigint IS NULL OR id < $2)
             AND ($3::text[] IS NULL OR public_status = ANY ($3))
         ORDER BY id DESC LIMIT $4"
    );
    let statement = client.prepare_cached(&query).await?;
    let older_than = older_than.map(|id| id.0);
    let stage = stage.map(shown);
    let rows = client
        .query(&statement, &[&users, &older_than, &stage, &limit])
        .await?;
    Ok(read_all(&rows))
}

/// Bookings within this id range that match the filter, newest first. By user, by flight or without either,
/// only the newest `latest` are searched.
pub async fn search(
    database: &Pool,
    wanted: &BookingFilter,
    ids: &Range<BookingId>,
    latest: i64,
    limit: i64,
) -> Result<Vec<Booking>, DbError> {
    let client = database.get().await?;
    let stage = wanted.stage.map(shown);
    let flight = wanted.flight.map(|flight| flight.0);
    let (start, end) = (ids.start.0, ids.end.0);
    let narrowed: [&(dyn tokio_postgres::types::ToSql + Sync); 7] = [
        &start,
        &end,
        &latest,
        &stage,
        &flight,
        &wanted.event,
        &limit,
    ];
    let among = match (&wanted.known, flight) {
        (Some(_), _) => KNOWN,
        (None, Some(_)) => OF_FLIGHT,
        (None, None) => LATEST,
    };
    let query = format!("SELECT {COLUMNS} {among} {NARROWED}");
    let statement = client.prepare_cached(&query).await?;
    let rows = match wanted.known.as_deref() {
        Some(known) => {
            let number: Option<i64> = known.parse().ok();
            let order = Uuid::try_parse(known).ok();
            let mut parameters = narrowed.to_vec();
            parameters.extend([
                &number as &(dyn tokio_postgres::types::ToSql + Sync),
                &order,
                &known,
            ]);
            client.query(&statement, &parameters).await?
        }
        None => client.query(&statement, &narrowed).await?,
    };
    Ok(read_all(&rows))
}

/// The oldest of the newest `latest` bookings in this range; `None` if there are fewer.
pub async fn end_of_latest(
    database: &Pool,
    ids: &Range<BookingId>,
    latest: i64,
) -> Result<Option<BookingId>, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(END_OF_LATEST).await?;
    let row = client
        .query_opt(&statement, &[&ids.start.0, &ids.end.0, &latest])
        .await?;
    Ok(row.map(|row| row.try_get(0).map(BookingId)).transpose()?)
}

/// The first booking made at this time or later, or one past the last id. Ids rise with time except for
/// moments, so a binary search over ids replaces an index by time.
pub async fn first_since(database: &Pool, at: Timestamp) -> Result<BookingId, DbError> {
    let client = database.get().await?;
    let ends = "SELECT coalesce(min(id), 0), coalesce(max(id), 0) + 1 FROM bookings";
    let ends = client.query_one(ends, &[]).await?;
    let (mut first, mut end): (i64, i64) = (ends.try_get(0)?, ends.try_get(1)?);
    let next = "SELECT id, created_at FROM bookings WHERE id >= $1 ORDER BY id LIMIT 1";
    let next = client.prepare_cached(next).await?;
    while first < end {
        let middle = first + (end - first) / 2;
        let row = client.query_opt(&next, &[&middle]).await?;
        let earlier = match row {
            Some(row) if row.try_get::<_, Timestamp>(1)? < at => Some(row.try_get::<_, i64>(0)?),
            _ => None,
        };
        match earlier {
            Some(earlier) => first = earlier + 1,
            None => end = middle,
        }
    }
    Ok(BookingId(first))
}
