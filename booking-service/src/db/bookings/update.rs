//! Updates bookings, many in one statement, with optimistic locking: an update applies only to the version
//! that was read, so the slower of two writers changes nothing.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use deadpool_postgres::{GenericClient, Pool};
use domain::{BookingId, Money};
use jiff::Timestamp;
use service_core::idempotency::{Answer, RequestKey, answers};
use tokio_postgres::types::Json;

use crate::db::DbError;
use crate::db::column;
use crate::model::booking::Booking;
use crate::model::booking_row::StoredState;
use crate::model::first_answer::FirstAnswer;
use crate::model::replay::leaves_key_free;

/// When the booking is next due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// The writer continues; others may take over once its lease has expired.
    Mine,
    /// Nobody works on it until this time has passed.
    After(Duration),
}

/// A booking's new content, with the version that was read.
#[derive(Clone, Debug)]
pub struct Change {
    pub booking: Booking,
    /// Ignored if the booking has no work left.
    pub next_step: NextStep,
    /// Time for which the booking belongs to the writer.
    pub lease: Duration,
}

/// A lease with more than half of its time left is kept, so most updates touch no index.
const UPDATE: &str = "
    UPDATE bookings
    SET state = new.state, public_status = new.public_status, attempt = new.attempt, charged = new.charged,
        seats_task = new.seats_task, money_task = new.money_task, refusal_code = new.refusal_code,
        refusal_message = new.refusal_message, amount_minor = new.amount_minor,
        currency = new.currency,
        held_at = CASE WHEN new.state = 'pending' THEN NULL
                       ELSE coalesce(bookings.held_at, now()) END,
        payment_id = new.payment_id, payment_code = new.payment_code, is_on_session = new.is_on_session,
        seat_change = new.seat_change, requested_seats = new.requested_seats,
        requested_deadline_at = new.requested_deadline_at, deadline_at = new.deadline_at,
        idempotency_key = CASE WHEN new.free_key THEN NULL ELSE bookings.idempotency_key END,
        answer = CASE WHEN new.free_key THEN NULL ELSE coalesce(bookings.answer, new.answer) END,
        next_step_at = CASE
            WHEN new.work = 'none' THEN NULL
            WHEN new.work = 'deadline' THEN new.deadline_at
            WHEN new.work = 'later' AND new.deadline_at > now()
                THEN least(now() + make_interval(secs => new.after_s), new.deadline_at)
            WHEN new.work = 'later' THEN now() + make_interval(secs => new.after_s)
            WHEN bookings.next_step_at BETWEEN now() + make_interval(secs => new.after_s / 2)
                                           AND now() + make_interval(secs => new.after_s)
                THEN bookings.next_step_at
            ELSE now() + make_interval(secs => new.after_s)
        END,
        version = bookings.version + 1, updated_at = now()
    FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::smallint[], $6::boolean[],
                $7::text[], $8::text[], $9::text[], $10::text[], $11::bigint[], $12::text[],
                $13::uuid[], $14::text[], $15::bigint[], $16::jsonb[], $17::timestamptz[],
                $18::timestamptz[], $19::boolean[], $20::text[], $21::float8[],
                $22::boolean[], $23::jsonb[])
        AS new (id, version, state, public_status, attempt, charged, seats_task, money_task, refusal_code,
                refusal_message, amount_minor, currency, payment_id, payment_code, seat_change,
                requested_seats, requested_deadline_at, deadline_at, free_key, work, after_s, is_on_session, answer)
    WHERE bookings.id = new.id AND bookings.version = new.version
    RETURNING bookings.id, bookings.version, bookings.updated_at, bookings.held_at,
              bookings.deadline_at <= clock_timestamp() AS is_past_deadline";

/// Applies changes and returns the new bookings; `None` where the version had changed. If the database
/// refuses one, none is applied.
pub async fn update(
    client: &impl GenericClient,
    changes: &[Change],
) -> Result<Vec<Option<Booking>>, DbError> {
    // Of two changes of one version in a batch only the first is applied. In one statement the database would
    // apply either of them, and both would look applied.
    let mut seen = HashSet::with_capacity(changes.len());
    let firsts: Vec<bool> = changes
        .iter()
        .map(|one| seen.insert((one.booking.id, one.booking.version)))
        .collect();
    let mut of: Vec<&Change> = changes
        .iter()
        .zip(&firsts)
        .filter_map(|(one, is_first)| is_first.then_some(one))
        .collect();
    // Rows are always locked by ascending id, so that two batches cannot deadlock (lock order).
    of.sort_by_key(|one| one.booking.id);
    let of = of.as_slice();
    let lives: Vec<StoredState<&str>> = column(of, |one| one.booking.lifecycle.into());
    let refusals = column(of, |one| one.booking.refusal.as_ref());
    let statement = client.prepare_cached(UPDATE).await?;
    let rows = client
        .query(
            &statement,
            &[
                &column(of, |one| one.booking.id.0),
                &column(of, |one| one.booking.version),
                &column(&lives, |lifecycle| lifecycle.state),
                &column(&lives, |lifecycle| lifecycle.public_status),
                &column(of, |one| one.booking.attempts),
                &column(&lives, |lifecycle| lifecycle.charged),
                &column(&lives, |lifecycle| lifecycle.seats_task),
                &column(&lives, |lifecycle| lifecycle.money_task),
                &column(&refusals, |refusal| refusal.map(|one| one.code.as_str())),
                &column(&refusals, |refusal| refusal.map(|one| one.message.as_str())),
                &column(of, |one| one.booking.total.map(Money::minor)),
                &column(of, |one| {
                    one.booking.total.map(|total| total.currency().to_string())
                }),
                &column(of, |one| one.booking.payment.map(|payment| payment.0)),
                &column(of, |one| one.booking.payment_code.as_deref()),
                &column(of, |one| one.booking.seat_change),
                &column(of, |one| {
                    one.booking
                        .requested_seats
                        .as_ref()
                        .map(|wanted| Json(&wanted.seats))
                }),
                &column(of, |one| {
                    one.booking
                        .requested_seats
                        .as_ref()
                        .map(|wanted| wanted.deadline_at)
                }),
                &column(of, |one| one.booking.deadline_at),
                &column(of, |one| leaves_key_free(&one.booking)),
                &column(of, |one| work(one)),
                &column(of, |one| match one.next_step {
                    NextStep::Mine => one.lease.as_secs_f64(),
                    NextStep::After(pause) => pause.as_secs_f64(),
                }),
                &column(of, |one| one.booking.is_on_session),
                &column(of, |one| answer(&one.booking).map(Json)),
            ],
        )
        .await?;
    let mut made = HashMap::with_capacity(rows.len());
    for row in rows {
        let id = BookingId(row.try_get("id")?);
        let version: i64 = row.try_get("version")?;
        let updated_at: Timestamp = row.try_get("updated_at")?;
        let held_at: Option<Timestamp> = row.try_get("held_at")?;
        let is_past_deadline: bool = row.try_get("is_past_deadline")?;
        // `RETURNING` gives the new version, one above the one that was read.
        made.insert(
            (id, version - 1),
            (version, updated_at, held_at, is_past_deadline),
        );
    }
    let answers = changes.iter().zip(firsts).map(|(one, is_first)| {
        let made = is_first.then(|| made.remove(&(one.booking.id, one.booking.version)));
        let (version, updated_at, held_at, is_past_deadline) = made.flatten()?;
        Some(Booking {
            version,
            updated_at,
            held_at,
            is_past_deadline,
            has_key: one.booking.has_key && !leaves_key_free(&one.booking),
            answer: answer(&one.booking),
            ..one.booking.clone()
        })
    });
    Ok(answers.collect())
}

/// Applies a change and stores the answer to its request in one commit; `None` if the version had changed.
/// Fails if the key has an answer already.
pub async fn update_and_keep(
    database: &Pool,
    change: Change,
    key: &RequestKey,
    answer: &Answer,
) -> Result<Option<Booking>, DbError> {
    let mut client = database.get().await?;
    let transaction = client.transaction().await?;
    let mut updated = update(&transaction, &[change]).await?;
    let Some(booking) = updated.pop().flatten() else {
        return Ok(None);
    };
    answers::keep(&transaction, key, answer, None).await?;
    transaction.commit().await?;
    Ok(Some(booking))
}

const UPDATE_LEGS: &str = "
    UPDATE booking_legs SET units = new.units, seats = string_to_array(new.seats, ',')
    FROM unnest($2::smallint[], $3::int[], $4::text[]) AS new (position, units, seats)
    WHERE booking_id = $1 AND booking_legs.position = new.position";

/// Applies a change and replaces the seats of the booking's legs in one commit; `None` if the version had
/// changed.
pub async fn update_with_seats(
    database: &Pool,
    booking: Booking,
    lease: Duration,
) -> Result<Option<Booking>, DbError> {
    let mut client = database.get().await?;
    let transaction = client.transaction().await?;
    let change = Change {
        booking,
        next_step: NextStep::Mine,
        lease,
    };
    let mut updated = update(&transaction, &[change]).await?;
    let Some(booking) = updated.pop().flatten() else {
        return Ok(None);
    };
    let positions: Vec<i16> = (0i16..).take(booking.legs.len()).collect();
    let units = column(&booking.legs, |leg| leg.units.get().cast_signed());
    let seats = column(&booking.legs, |leg| crate::db::bookings::joined(&leg.seats));
    let statement = transaction.prepare_cached(UPDATE_LEGS).await?;
    transaction
        .execute(&statement, &[&booking.id.0, &positions, &units, &seats])
        .await?;
    transaction.commit().await?;
    Ok(Some(booking))
}

/// The answer to the booking's first request, fixed by this change at the latest.
fn answer(booking: &Booking) -> Option<FirstAnswer> {
    let first = booking.answer.clone();
    first.or_else(|| FirstAnswer::of(booking).filter(|_| booking.has_key))
}

/// How [`UPDATE`] sets `next_step_at`.
fn work(change: &Change) -> &'static str {
    let booking = &change.booking;
    match (booking.has_work(), change.next_step) {
        (true, NextStep::Mine) => "mine",
        (true, NextStep::After(_)) => "later",
        (false, _) if booking.lifecycle.next() == lifecycle::Action::AwaitCustomer => "deadline",
        (false, _) => "none",
    }
}
