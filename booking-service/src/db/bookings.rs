//! The tables `bookings` and `booking_legs`.

use std::time::Duration;

use deadpool_postgres::{GenericClient, Pool};
use domain::{Amount, BookingId, FlightId, HoldId, Money, PaymentId, Units};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use super::DbError;
use crate::app::booking::{Booking, NewBooking, Outcome, Refusal, Status, Step};

const COLUMNS: &str = "
    id, user_ref, seats, travel_date, payment_type, expected_minor, status, step, outcome,
    refusal_code, refusal_message, hold_id, charge_key, amount_minor, currency, payment_id,
    request_digest, idempotency_key IS NOT NULL AS has_key,
    deadline_at <= clock_timestamp() AS is_past_deadline, attempts, version, created_at, updated_at,
    ARRAY (SELECT flight_id FROM booking_legs WHERE booking_id = bookings.id ORDER BY position)
        AS flights";

const INSERT: &str = "
    WITH booking AS (
        INSERT INTO bookings (user_ref, seats, travel_date, payment_type, expected_minor, hold_id,
                              charge_key, idempotency_key, request_digest, deadline_at, next_step_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() + make_interval(secs => $10),
                now() + make_interval(secs => $11))
        RETURNING id, version, created_at, updated_at
    ), legs AS (
        INSERT INTO booking_legs (booking_id, position, flight_id)
        SELECT booking.id, leg.position, leg.flight_id
        FROM booking, unnest($12::bigint[]) WITH ORDINALITY AS leg (flight_id, position)
    )
    SELECT id, version, created_at, updated_at FROM booking";

/// A change of the version that was read; nothing happens to a newer one.
const UPDATE: &str = "
    UPDATE bookings
    SET status = $3, step = $4, outcome = $5, refusal_code = $6, refusal_message = $7,
        amount_minor = $8, currency = $9, payment_id = $10,
        -- Nothing was bought: the key is free for another try at the price of now.
        idempotency_key = CASE WHEN $6 = 'price_changed' THEN NULL ELSE idempotency_key END,
        next_step_at = CASE WHEN $4 = 'done' THEN NULL ELSE now() + make_interval(secs => $11) END,
        version = version + 1, updated_at = now()
    WHERE id = $1 AND version = $2
    RETURNING version, updated_at";

const CLAIM: &str = "
    UPDATE bookings
    SET next_step_at = now() + make_interval(secs => $1), attempts = attempts + 1,
        version = version + 1, updated_at = now()
    WHERE id IN (
        SELECT id FROM bookings WHERE next_step_at <= now()
        ORDER BY next_step_at LIMIT $2 FOR UPDATE SKIP LOCKED
    )
    RETURNING ";

const CLAIM_ONE: &str = "
    UPDATE bookings
    SET next_step_at = now() + make_interval(secs => $2), attempts = attempts + 1,
        version = version + 1, updated_at = now()
    WHERE id = $1 AND next_step_at <= now()
    RETURNING ";

/// What came of adding a booking.
pub enum Added {
    /// It was added.
    New(Booking),
    /// Its key came before: this is the booking of then.
    Earlier(Booking),
}

/// Adds a booking that belongs to the caller for as long as the lease says.
///
/// # Errors
/// When the database does not answer.
pub async fn add(
    database: &Pool,
    new: &NewBooking,
    deadline: Duration,
    lease: Duration,
) -> Result<Added, DbError> {
    let client = database.get().await?;
    let (hold, charge_key) = (HoldId::generate(), Uuid::now_v7());
    let flights: Vec<i64> = new.flights.iter().map(|flight| flight.0).collect();
    let statement = client.prepare_cached(INSERT).await?;
    let inserted = client
        .query_one(
            &statement,
            &[
                &new.user,
                &new.seats.get().cast_signed(),
                &new.date,
                &new.payment_type,
                &new.expected_total.map(Amount::minor),
                &hold.0,
                &charge_key,
                &new.idempotency_key,
                &new.digest.as_slice(),
                &deadline.as_secs_f64(),
                &lease.as_secs_f64(),
                &flights,
            ],
        )
        .await;
    let row = match (inserted, &new.idempotency_key) {
        (Ok(row), _) => row,
        (Err(error), Some(key)) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
            let earlier = by_key(&client, key).await?;
            // The row that is in the way was committed, and bookings are never deleted.
            return earlier.map(Added::Earlier).ok_or(DbError::Query(error));
        }
        (Err(error), _) => return Err(error.into()),
    };
    Ok(Added::New(Booking {
        id: BookingId(row.try_get("id")?),
        user: new.user.clone(),
        flights: new.flights.clone(),
        seats: new.seats,
        date: new.date,
        payment_type: new.payment_type.clone(),
        expected_total: new.expected_total,
        status: Status::Pending,
        step: Step::Hold,
        outcome: None,
        refusal: None,
        hold,
        charge_key,
        total: None,
        payment: None,
        digest: new.digest.to_vec(),
        has_key: new.idempotency_key.is_some(),
        is_past_deadline: false,
        attempts: 0,
        version: row.try_get("version")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    }))
}

/// A booking by its id.
///
/// # Errors
/// When the database does not answer.
pub async fn find(database: &Pool, id: BookingId) -> Result<Option<Booking>, DbError> {
    let client = database.get().await?;
    let query = format!("SELECT {COLUMNS} FROM bookings WHERE id = $1");
    let statement = client.prepare_cached(&query).await?;
    client
        .query_opt(&statement, &[&id.0])
        .await?
        .as_ref()
        .map(booking_of)
        .transpose()
}

/// A booking by the key under which it was asked for.
async fn by_key(client: &impl GenericClient, key: &str) -> Result<Option<Booking>, DbError> {
    let query = format!("SELECT {COLUMNS} FROM bookings WHERE idempotency_key = $1");
    let statement = client.prepare_cached(&query).await?;
    client
        .query_opt(&statement, &[&key])
        .await?
        .as_ref()
        .map(booking_of)
        .transpose()
}

/// Writes a changed booking if nobody else changed it since it was read; the booking as it is then, or
/// `None` if somebody did. It belongs to the caller for as long as the lease says.
///
/// # Errors
/// When the database does not answer.
pub async fn update(
    database: &Pool,
    booking: Booking,
    lease: Duration,
) -> Result<Option<Booking>, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(UPDATE).await?;
    let refusal = booking.refusal.as_ref();
    let row = client
        .query_opt(
            &statement,
            &[
                &booking.id.0,
                &booking.version,
                &booking.status.as_str(),
                &booking.step.as_str(),
                &booking.outcome.map(Outcome::as_str),
                &refusal.map(|refusal| &refusal.code),
                &refusal.map(|refusal| &refusal.message),
                &booking.total.map(|total| total.amount.minor()),
                &booking.total.map(|total| total.currency.to_string()),
                &booking.payment.map(|payment| payment.0),
                &lease.as_secs_f64(),
            ],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let (version, updated_at) = (row.try_get("version")?, row.try_get("updated_at")?);
    Ok(Some(Booking {
        version,
        updated_at,
        ..booking
    }))
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
    rows.iter().map(booking_of).collect()
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
    let statement = client
        .prepare_cached(&format!("{CLAIM_ONE}{COLUMNS}"))
        .await?;
    let row = client
        .query_opt(&statement, &[&id.0, &lease.as_secs_f64()])
        .await?;
    row.as_ref().map(booking_of).transpose()
}

/// Gives a booking up for now: somebody goes on with it after the pause.
///
/// # Errors
/// When the database does not answer.
pub async fn postpone(database: &Pool, booking: &Booking, pause: Duration) -> Result<(), DbError> {
    let client = database.get().await?;
    let statement = client
        .prepare_cached(
            "UPDATE bookings SET next_step_at = now() + make_interval(secs => $3)
             WHERE id = $1 AND version = $2 AND next_step_at IS NOT NULL",
        )
        .await?;
    client
        .execute(
            &statement,
            &[&booking.id.0, &booking.version, &pause.as_secs_f64()],
        )
        .await?;
    Ok(())
}

fn booking_of(row: &Row) -> Result<Booking, DbError> {
    let unreadable = DbError::Unreadable;
    let units: i32 = row.try_get("seats")?;
    let outcome: Option<&str> = row.try_get("outcome")?;
    let refusal_code: Option<String> = row.try_get("refusal_code")?;
    let refusal_message: Option<String> = row.try_get("refusal_message")?;
    let expected: Option<i64> = row.try_get("expected_minor")?;
    let amount: Option<i64> = row.try_get("amount_minor")?;
    let currency: Option<&str> = row.try_get("currency")?;
    let total = amount
        .zip(currency)
        .map(|(minor, currency)| {
            let amount =
                Amount::from_minor(minor).map_err(|_| unreadable("bookings.amount_minor"))?;
            let currency = currency
                .parse()
                .map_err(|_| unreadable("bookings.currency"))?;
            Ok::<_, DbError>(Money { amount, currency })
        })
        .transpose()?;
    Ok(Booking {
        id: BookingId(row.try_get("id")?),
        user: row.try_get("user_ref")?,
        flights: row
            .try_get::<_, Vec<i64>>("flights")?
            .into_iter()
            .map(FlightId)
            .collect(),
        seats: Units::try_from(i64::from(units)).map_err(|_| unreadable("bookings.seats"))?,
        date: row.try_get("travel_date")?,
        payment_type: row.try_get("payment_type")?,
        expected_total: expected
            .map(Amount::from_minor)
            .transpose()
            .map_err(|_| unreadable("bookings.expected_minor"))?,
        status: Status::from_text(row.try_get("status")?).ok_or(unreadable("bookings.status"))?,
        step: Step::from_text(row.try_get("step")?).ok_or(unreadable("bookings.step"))?,
        outcome: outcome
            .map(|text| Outcome::from_text(text).ok_or(unreadable("bookings.outcome")))
            .transpose()?,
        refusal: refusal_code
            .zip(refusal_message)
            .map(|(code, message)| Refusal { code, message }),
        hold: HoldId(row.try_get("hold_id")?),
        charge_key: row.try_get("charge_key")?,
        total,
        payment: row.try_get::<_, Option<Uuid>>("payment_id")?.map(PaymentId),
        digest: row.try_get("request_digest")?,
        has_key: row.try_get("has_key")?,
        is_past_deadline: row.try_get("is_past_deadline")?,
        attempts: row.try_get("attempts")?,
        version: row.try_get("version")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}
