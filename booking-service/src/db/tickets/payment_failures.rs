//! Declined payment attempts, and dead letters: payment jobs that kept failing.

use deadpool_postgres::{GenericClient, Pool};
use domain::{BookingId, HoldId};
use lifecycle::State;
use service_core::idempotency::{Answer, RequestKey};
use service_core::page::PageRequest;
use service_core::unreadable;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::db::DbError;
use crate::db::bookings::{Change, update};
use crate::db::keep_answer;
use crate::model::booking::Booking;
use crate::model::booking_row::state_from;
use crate::model::dead_letter::{DeadLetter, Failure};

const FAILED: &str = "
    INSERT INTO payment_failures (booking_id, attempt, code, message) VALUES ($1, $2, $3, $4)";

const DIED: &str = "INSERT INTO dead_letters (id, booking_id, attempts) VALUES ($1, $2, $3)";

const REQUEUED: &str = "
    UPDATE dead_letters SET requeued_at = now() WHERE id = $1 AND requeued_at IS NULL";

const LETTERS: &str = "
    SELECT letter.id, booking.hold_id, booking.user_ref, booking.public_status, letter.attempts, failure.code,
           failure.message, letter.created_at, letter.requeued_at, booking.id AS booking_id
    FROM dead_letters letter
    JOIN bookings booking ON booking.id = letter.booking_id
    JOIN payment_failures failure
        ON failure.booking_id = letter.booking_id AND failure.attempt = letter.attempts";

/// Not requeued yet, and the booking has not ended.
const WAITING: &str =
    "letter.requeued_at IS NULL AND booking.is_payment_failed AND booking.channel = 'event'";

const HISTORY: &str = "
    SELECT attempt, code, message, failed_at FROM payment_failures
    WHERE booking_id = $1 ORDER BY attempt";

/// Records a declined attempt with the booking's new state, and a dead letter if its payment has failed for
/// good; `None` if the version had changed.
pub async fn decline(
    database: &Pool,
    change: Change,
    attempt: i16,
) -> Result<Option<Booking>, DbError> {
    let mut client = database.get().await?;
    let transaction = client.transaction().await?;
    let mut updated = update(&transaction, std::slice::from_ref(&change)).await?;
    let Some(booking) = updated.pop().flatten() else {
        return Ok(None);
    };
    let id = booking.id.0;
    if let Some(refusal) = &booking.refusal {
        let statement = transaction.prepare_cached(FAILED).await?;
        transaction
            .execute(
                &statement,
                &[&id, &attempt, &refusal.code.as_str(), &refusal.message],
            )
            .await?;
    }
    if matches!(booking.lifecycle.state, State::PaymentFailed { .. }) {
        let statement = transaction.prepare_cached(DIED).await?;
        transaction
            .execute(&statement, &[&Uuid::now_v7(), &id, &attempt])
            .await?;
    }
    transaction.commit().await?;
    Ok(Some(booking))
}

/// Requeues a dead letter with the booking's new state and stores the answer; `None` if another request was
/// first. Fails if the key has an answer already.
pub async fn requeue(
    database: &Pool,
    letter: Uuid,
    change: Change,
    key: Option<&RequestKey>,
    answer: impl Fn(&DeadLetter) -> Answer,
) -> Result<Option<(Booking, Answer)>, DbError> {
    let mut client = database.get().await?;
    let transaction = client.transaction().await?;
    let mut updated = update(&transaction, &[change]).await?;
    let requeued = transaction.execute(REQUEUED, &[&letter]).await?;
    let Some(booking) = updated.pop().flatten().filter(|_| requeued == 1) else {
        return Ok(None);
    };
    let query = format!("{LETTERS} WHERE letter.id = $1");
    let statement = transaction.prepare_cached(&query).await?;
    let row = transaction.query_one(&statement, &[&letter]).await?;
    let answer = answer(&letter_of(&row)?);
    keep_answer(&transaction, key, &answer).await?;
    transaction.commit().await?;
    Ok(Some((booking, answer)))
}

/// A page of waiting dead letters, newest first.
pub async fn waiting(
    database: &Pool,
    part: PageRequest<Uuid>,
    limit: i64,
) -> Result<Vec<DeadLetter>, DbError> {
    let client = database.get().await?;
    let (condition, order, place) = match part {
        PageRequest::First => ("$1::uuid IS NULL", "DESC", None),
        PageRequest::After(id) => ("letter.id < $1", "DESC", Some(id)),
        PageRequest::Before(id) => ("letter.id > $1", "ASC", Some(id)),
    };
    let query =
        format!("{LETTERS} WHERE {WAITING} AND {condition} ORDER BY letter.id {order} LIMIT $2");
    let statement = client.prepare_cached(&query).await?;
    let rows = client.query(&statement, &[&place, &limit]).await?;
    let letter = |row: &Row| {
        let id = row.try_get::<_, Uuid>(0).unwrap_or_default();
        unreadable::skipped("dead_letters", id, letter_of(row))
    };
    let mut found: Vec<DeadLetter> = rows.iter().filter_map(letter).collect();
    if matches!(part, PageRequest::Before(_)) {
        found.reverse();
    }
    Ok(found)
}

/// Requeued ones included.
pub async fn find(database: &Pool, id: Uuid) -> Result<Option<DeadLetter>, DbError> {
    let client = database.get().await?;
    let query = format!("{LETTERS} WHERE letter.id = $1");
    let statement = client.prepare_cached(&query).await?;
    let row = client.query_opt(&statement, &[&id]).await?;
    row.as_ref().map(letter_of).transpose()
}

/// The waiting dead letter of a booking.
pub async fn waiting_of(database: &Pool, hold: HoldId) -> Result<Option<DeadLetter>, DbError> {
    let client = database.get().await?;
    let query = format!("{LETTERS} WHERE booking.hold_id = $1 AND {WAITING}");
    let statement = client.prepare_cached(&query).await?;
    let row = client.query_opt(&statement, &[&hold.0]).await?;
    row.as_ref().map(letter_of).transpose()
}

/// The declined payment attempts of a booking, in order.
pub async fn history(database: &Pool, booking: BookingId) -> Result<Vec<Failure>, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(HISTORY).await?;
    let rows = client.query(&statement, &[&booking.0]).await?;
    rows.iter()
        .map(|row| {
            Ok(Failure {
                attempt: row.try_get(0)?,
                code: row.try_get::<_, &str>(1)?.into(),
                message: row.try_get(2)?,
                failed_at: row.try_get(3)?,
            })
        })
        .collect()
}

fn letter_of(row: &Row) -> Result<DeadLetter, DbError> {
    let attempts: i16 = row.try_get(4)?;
    let public_status = u8::try_from(attempts)
        .ok()
        .and_then(|attempts| state_from(row.try_get(3).ok()?, attempts));
    Ok(DeadLetter {
        id: row.try_get(0)?,
        hold: HoldId(row.try_get(1)?),
        user: row.try_get(2)?,
        public_status: public_status.ok_or(DbError::Unreadable("bookings.public_status"))?,
        attempts,
        code: row.try_get::<_, &str>(5)?.into(),
        message: row.try_get(6)?,
        created_at: row.try_get(7)?,
        requeued_at: row.try_get(8)?,
        booking: BookingId(row.try_get(9)?),
    })
}
