//! Maps a row to a [`Booking`].

use deadpool_postgres::GenericClient;
use domain::{BookingId, Currency, HoldId, Money, PaymentId, SeatNumber};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use service_core::unreadable;
use tokio_postgres::Row;
use tokio_postgres::types::Json;
use uuid::Uuid;

use crate::db::DbError;
use crate::model::booking::{Booking, Channel, Leg, SeatChange, Tickets, Traveler};
use crate::model::booking_row::StoredState;
use crate::model::refusal::Refusal;

/// The columns that [`read`] needs.
pub(in crate::db) const COLUMNS: &str = "
    id, channel, user_ref, flight_ref, travel_date, payment_type, payment_code,
    expected_total::text AS expected_total, state, public_status, attempt, charged, seats_task,
    money_task, refusal_code, refusal_message, hold_id, is_on_session, seat_change, requested_seats,
    requested_deadline_at, amount_minor, currency, held_at, payment_id,
    request_digest, idempotency_key IS NOT NULL AS has_key, answer, deadline_at,
    deadline_at <= clock_timestamp() AS is_past_deadline, lease_reclaims, version, created_at, updated_at,
    CASE WHEN channel <> 'event' THEN (
        SELECT json_agg(json_build_object('flight', flight_id, 'units', units, 'seats', seats)
                        ORDER BY position)
        FROM booking_legs WHERE booking_id = bookings.id
    ) END AS legs,
    CASE WHEN channel <> 'event' THEN (
        SELECT json_agg(travelers ORDER BY position)
        FROM travelers WHERE booking_id = bookings.id
    ) END AS travelers,
    CASE WHEN channel = 'event' THEN (
        SELECT json_build_object('event', one.event_id, 'quantity', one.quantity,
                                 'unit_price_minor', unit_price_minor,
                                 'discount_minor', discount_minor, 'voucher', voucher.code)
        FROM event_bookings one LEFT JOIN vouchers voucher ON voucher.id = one.voucher_id
        WHERE one.booking_id = bookings.id
    ) END AS tickets";

pub(in crate::db) fn read(row: &Row) -> Result<Booking, DbError> {
    let unreadable = DbError::Unreadable;
    Ok(Booking {
        id: BookingId(row.try_get("id")?),
        channel: Channel::from_text(row.try_get("channel")?)
            .ok_or(unreadable("bookings.channel"))?,
        user: row.try_get("user_ref")?,
        flight_ref: row
            .try_get::<_, Option<String>>("flight_ref")?
            .unwrap_or_default(),
        legs: json::<Vec<Leg>>(row, "legs")?.unwrap_or_default(),
        tickets: json::<Tickets>(row, "tickets")?,
        date: row.try_get("travel_date")?,
        travelers: json::<Vec<Traveler>>(row, "travelers")?.unwrap_or_default(),
        payment_type: row.try_get("payment_type")?,
        payment_code: row.try_get("payment_code")?,
        expected_total: row
            .try_get::<_, Option<&str>>("expected_total")?
            .map(str::parse)
            .transpose()
            .map_err(|_| unreadable("bookings.expected_total"))?,
        lifecycle: lifecycle(row)?,
        attempts: row.try_get("attempt")?,
        is_on_session: row.try_get("is_on_session")?,
        refusal: row
            .try_get::<_, Option<String>>("refusal_code")?
            .zip(row.try_get::<_, Option<String>>("refusal_message")?)
            .map(|(code, message)| Refusal::new(code.as_str().into(), message)),
        hold: HoldId(row.try_get("hold_id")?),
        seat_change: row.try_get("seat_change")?,
        requested_seats: requested_seats(row)?,
        total: total(row)?,
        held_at: row.try_get("held_at")?,
        payment: row.try_get::<_, Option<Uuid>>("payment_id")?.map(PaymentId),
        digest: row.try_get("request_digest")?,
        has_key: row.try_get("has_key")?,
        // An answer in a newer version's format counts as absent.
        answer: json(row, "answer").ok().flatten(),
        deadline_at: row.try_get("deadline_at")?,
        is_past_deadline: row.try_get("is_past_deadline")?,
        lease_reclaims: row.try_get("lease_reclaims")?,
        version: row.try_get("version")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}

/// Skips rows that cannot be read.
pub(in crate::db) fn read_all(rows: &[Row]) -> Vec<Booking> {
    rows.iter().filter_map(read_or_skip).collect()
}

fn read_or_skip(row: &Row) -> Option<Booking> {
    let id = row.try_get::<_, i64>("id").unwrap_or_default();
    unreadable::skipped("bookings", id, read(row))
}

/// Seconds before an unreadable booking is claimed again; a newer version may claim it meanwhile.
const PUT_OFF_S: f64 = 60.0;

const POSTPONE_UNREADABLE: &str = "
    UPDATE bookings SET next_step_at = now() + make_interval(secs => $2)
    WHERE id IN (
        SELECT id FROM bookings WHERE id = ANY ($1::bigint[]) AND next_step_at IS NOT NULL
        ORDER BY id FOR UPDATE SKIP LOCKED
    )";

/// Reads claimed rows. Unreadable ones are postponed, so that they do not block the others.
pub(in crate::db) async fn read_claimed(
    client: &impl GenericClient,
    rows: &[Row],
) -> Result<Vec<Booking>, DbError> {
    let mut readable = Vec::with_capacity(rows.len());
    let mut unreadable: Vec<i64> = Vec::new();
    for row in rows {
        match read_or_skip(row) {
            Some(booking) => readable.push(booking),
            None => unreadable.push(row.try_get("id")?),
        }
    }
    if !unreadable.is_empty() {
        let statement = client.prepare_cached(POSTPONE_UNREADABLE).await?;
        client
            .execute(&statement, &[&unreadable, &PUT_OFF_S])
            .await
            .inspect_err(|error| {
                tracing::warn!(%error, "postponing unreadable bookings failed");
            })
            .ok();
    }
    Ok(readable)
}

fn json<T: DeserializeOwned>(row: &Row, column: &str) -> Result<Option<T>, DbError> {
    let value: Option<Json<T>> = row.try_get(column)?;
    Ok(value.map(|Json(value)| value))
}

fn lifecycle(row: &Row) -> Result<lifecycle::BookingState, DbError> {
    let stored = StoredState::<&str> {
        state: row.try_get("state")?,
        public_status: row.try_get("public_status")?,
        attempt: row.try_get("attempt")?,
        charged: row.try_get("charged")?,
        seats_task: row.try_get("seats_task")?,
        money_task: row.try_get("money_task")?,
    };
    stored
        .lifecycle()
        .ok_or(DbError::Unreadable("bookings.state"))
}

fn requested_seats(row: &Row) -> Result<Option<SeatChange>, DbError> {
    let seats: Option<Json<Vec<Vec<SeatNumber>>>> = row.try_get("requested_seats")?;
    let deadline: Option<Timestamp> = row.try_get("requested_deadline_at")?;
    let requested = seats.zip(deadline);
    Ok(requested.map(|(Json(seats), deadline_at)| SeatChange { seats, deadline_at }))
}

fn total(row: &Row) -> Result<Option<Money>, DbError> {
    let amount: Option<i64> = row.try_get("amount_minor")?;
    let currency: Option<&str> = row.try_get("currency")?;
    let Some((amount, currency)) = amount.zip(currency) else {
        return Ok(None);
    };
    let currency =
        Currency::stored(currency).map_err(|_| DbError::Unreadable("bookings.currency"))?;
    let total = Money::from_minor(amount, currency);
    Ok(Some(total.map_err(|_| {
        DbError::Unreadable("bookings.amount_minor")
    })?))
}
