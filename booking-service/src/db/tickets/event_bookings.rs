//! Event bookings, written together with their row in `bookings` and the sums in `event_sales`.

use std::time::Duration;

use deadpool_postgres::Pool;
use domain::{HoldId, Money};
use inventory::{Accepted, RowStatement, Rows};
use service_core::idempotency::RequestKey;
use uuid::Uuid;

use crate::db::DbError;
use crate::db::bookings::row::{COLUMNS, read_all, read_claimed};
use crate::db::column;
use crate::model::booking::Booking;
use crate::model::booking_row::StoredState;
use crate::model::event_booking::EventBooking;

/// The foreign key that refuses a user deleted meanwhile.
pub const USER: &str = "event_bookings_user";

/// A free booking is confirmed at once. Any other is a payment job, due after a second for any worker unless
/// its own has claimed it by then.
const INSERT: &str = "
    WITH new AS (
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::bigint[], $6::uuid[],
                             $7::bigint[], $8::bigint[], $9::text[], $10::timestamptz[],
                             $11::timestamptz[], $12::text[], $13::bytea[])
            AS new (hold_id, event_id, user_id, quantity, unit_price_minor, voucher_id, discount_minor,
                    amount_minor, currency, created_at, deadline_at, idempotency_key, request_digest)
    ), added AS (
        INSERT INTO bookings (channel, user_ref, payment_type, state, public_status, attempt, hold_id, amount_minor,
                              currency, held_at, idempotency_key, request_digest, deadline_at,
                              next_step_at, created_at, updated_at)
        SELECT 'event', user_id::text, 'credit_card', state, state, attempt, hold_id, amount_minor,
               currency, created_at, idempotency_key, request_digest, deadline_at, next_step_at,
               created_at, created_at
        FROM new, LATERAL (
            SELECT CASE WHEN amount_minor = 0 THEN 'confirmed' ELSE 'paying' END AS state,
                   CASE WHEN amount_minor = 0 THEN 0 ELSE 1 END AS attempt,
                   CASE WHEN amount_minor > 0 THEN now() + interval '1 s' END AS next_step_at
        ) AS begins
        RETURNING id, hold_id
    )
    INSERT INTO event_bookings (booking_id, event_id, user_id, quantity, unit_price_minor, voucher_id,
                                discount_minor)
    SELECT id, event_id, user_id, quantity, unit_price_minor, voucher_id, discount_minor
    FROM added JOIN new USING (hold_id)";

/// Rows are locked by ascending id, so that two batches cannot deadlock (lock order).
const ADD_SALES: &str = "
    WITH new AS (
        SELECT event_id, sum(units)::bigint AS units, sum(minor)::bigint AS minor
        FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS one (event_id, units, minor)
        GROUP BY event_id
    ), locked AS (
        SELECT event_id FROM event_sales
        WHERE event_id IN (SELECT event_id FROM new) ORDER BY event_id FOR UPDATE
    )
    UPDATE event_sales
    SET units_sold = units_sold + new.units, revenue_minor = revenue_minor + new.minor
    FROM new, locked
    WHERE event_sales.event_id = new.event_id AND locked.event_id = new.event_id";

/// Optimistic locking: a booking whose version has changed is left alone and adds to no sum. Of two changes
/// of one booking in a batch, only the one that was applied counts.
const MOVE: &str = "
    WITH new AS (
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::boolean[],
                             $6::text[], $7::text[], $8::text[], $9::text[], $10::uuid[], $11::float8[],
                             $12::uuid[], $13::bigint[], $14::bigint[])
            AS new (id, version, state, public_status, charged, seats_task, money_task, refusal_code,
                    refusal_message, payment_id, lease_s, event_id, units, minor)
    ), moved AS (
        UPDATE bookings
        SET state = new.state, public_status = new.public_status, charged = new.charged, seats_task = new.seats_task,
            money_task = new.money_task, refusal_code = new.refusal_code,
            refusal_message = new.refusal_message, payment_id = new.payment_id,
            next_step_at = now() + make_interval(secs => new.lease_s), version = bookings.version + 1,
            updated_at = now()
        FROM new WHERE bookings.id = new.id AND bookings.version = new.version
        RETURNING new.id, new.version
    ), added AS (
        SELECT event_id, sum(units)::bigint AS units, sum(minor)::bigint AS minor
        FROM new JOIN moved USING (id, version) WHERE units <> 0 GROUP BY event_id
    ), locked AS (
        SELECT event_id FROM event_sales
        WHERE event_id IN (SELECT event_id FROM added) ORDER BY event_id FOR UPDATE
    )
    UPDATE event_sales
    SET units_sold = units_sold + added.units, revenue_minor = revenue_minor + added.minor
    FROM added, locked
    WHERE event_sales.event_id = added.event_id AND locked.event_id = added.event_id";

/// An event booking, committed together with its hold.
#[derive(Clone, Debug)]
pub struct NewEventBooking {
    /// A total of zero confirms the booking and sells its hold.
    pub booking: EventBooking,
    pub user: Uuid,
    pub unit_price_minor: i64,
    pub voucher: Option<Uuid>,
    pub key: Option<RequestKey>,
}

impl Rows for NewEventBooking {
    fn statements(batch: &[(&Self, &Accepted)]) -> Vec<RowStatement> {
        // Sorted by key, so that two batches cannot deadlock (lock order).
        let mut ordered = batch.to_vec();
        ordered.sort_by_key(|(one, _)| one.key.as_ref().map(|key| &key.key));
        let batch = ordered.as_slice();
        let insert = RowStatement::new(INSERT)
            .with(column(batch, |(one, _)| one.booking.id.0))
            .with(column(batch, |(one, _)| one.booking.event))
            .with(column(batch, |(one, _)| one.user))
            .with(column(batch, |(one, _)| {
                one.booking.quantity.get().cast_signed()
            }))
            .with(column(batch, |(one, _)| one.unit_price_minor))
            .with(column(batch, |(one, _)| one.voucher))
            .with(column(batch, |(one, _)| one.booking.discount.minor()))
            .with(column(batch, |(one, _)| one.booking.total.minor()))
            .with(column(batch, |(one, _)| {
                one.booking.total.currency().to_string()
            }))
            .with(column(batch, |(one, _)| one.booking.created_at))
            .with(column(batch, |(one, _)| one.booking.deadline_at))
            .with(column(batch, |(one, _)| {
                one.key.as_ref().map(|key| key.key.clone())
            }))
            .with(column(batch, |(one, _)| {
                let digest = one.key.as_ref().map(|key| key.digest.to_vec());
                digest.unwrap_or_default()
            }));
        let free: Vec<(&Self, &Accepted)> = batch
            .iter()
            .filter(|(one, _)| one.booking.is_free())
            .copied()
            .collect();
        if free.is_empty() {
            return vec![insert];
        }
        let add = RowStatement::new(ADD_SALES)
            .with(column(&free, |(one, _)| one.booking.event))
            .with(column(&free, |(one, _)| i64::from(one.booking.quantity)))
            .with(column(&free, |_| 0i64));
        vec![insert, add]
    }
}

/// A booking whose tickets were sold or released, in its new state with the version that was read.
#[derive(Clone, Debug)]
pub struct TicketsMoved {
    pub booking: Booking,
    /// Time for which the booking belongs to the writer, if it has work left.
    pub lease: Duration,
    /// Change of the event's statistics: 1 counts the tickets and money, -1 takes them out, 0 leaves them.
    pub sales: i64,
}

/// Columns of the update.
struct Moves {
    lives: Vec<StoredState<&'static str>>,
    of: Vec<TicketsMoved>,
}

impl Moves {
    /// Sorted by id, so that two batches cannot deadlock (lock order).
    fn new(mut of: Vec<TicketsMoved>) -> Self {
        of.sort_by_key(|one| one.booking.id);
        Self {
            lives: of.iter().map(|one| one.booking.lifecycle.into()).collect(),
            of,
        }
    }

    fn column<T>(&self, value: impl Fn(&TicketsMoved) -> T) -> Vec<T> {
        column(&self.of, value)
    }

    fn lifecycle<T>(&self, value: impl Fn(&StoredState<&'static str>) -> T) -> Vec<T> {
        column(&self.lives, value)
    }

    fn statement(&self) -> RowStatement {
        let refusal = |one: &TicketsMoved| one.booking.refusal.clone();
        RowStatement::new(MOVE)
            .with(self.column(|one| one.booking.id.0))
            .with(self.column(|one| one.booking.version))
            .with(self.lifecycle(|lifecycle| lifecycle.state))
            .with(self.lifecycle(|lifecycle| lifecycle.public_status))
            .with(self.lifecycle(|lifecycle| lifecycle.charged))
            .with(self.lifecycle(|lifecycle| lifecycle.seats_task))
            .with(self.lifecycle(|lifecycle| lifecycle.money_task))
            .with(self.column(|one| refusal(one).map(|refusal| refusal.code.to_string())))
            .with(self.column(|one| refusal(one).map(|refusal| refusal.message)))
            .with(self.column(|one| one.booking.payment.map(|payment| payment.0)))
            .with(self.column(|one| {
                let has_work = one.booking.has_work();
                has_work.then_some(one.lease.as_secs_f64())
            }))
            .with(self.column(|one| one.booking.tickets.as_ref().map(|tickets| tickets.event)))
            .with(self.column(|one| {
                let tickets = one.booking.tickets.as_ref();
                one.sales * tickets.map_or(0, |tickets| i64::from(tickets.quantity.get()))
            }))
            .with(self.column(|one| one.sales * one.booking.total.map_or(0, Money::minor)))
    }
}

impl Rows for TicketsMoved {
    fn statements(batch: &[(&Self, &Accepted)]) -> Vec<RowStatement> {
        vec![Moves::new(column(batch, |(one, _)| (*one).clone())).statement()]
    }
}

/// Updates a booking whose tickets were moved in an earlier commit.
pub async fn write(database: &Pool, moved: &TicketsMoved) -> Result<(), DbError> {
    let client = database.get().await?;
    let statement = Moves::new(vec![moved.clone()]).statement();
    statement.execute(&client).await?;
    Ok(())
}

/// Claims the bookings of notified jobs, if they still have the notified version.
pub async fn claim(
    database: &Pool,
    jobs: &[(HoldId, i64)],
    lease: Duration,
) -> Result<Vec<Booking>, DbError> {
    let client = database.get().await?;
    let query = format!(
        "UPDATE bookings SET next_step_at = now() + make_interval(secs => $3), version = version + 1
         WHERE id IN (
             SELECT id FROM bookings
             WHERE hold_id = ANY ($1) AND next_step_at IS NOT NULL
                 AND (hold_id, version) IN (SELECT * FROM unnest($1::uuid[], $2::bigint[]))
             ORDER BY id FOR UPDATE SKIP LOCKED
         )
         RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&query).await?;
    let holds: Vec<Uuid> = jobs.iter().map(|(hold, _)| hold.0).collect();
    let versions: Vec<i64> = jobs.iter().map(|(_, version)| *version).collect();
    let rows = client
        .query(&statement, &[&holds, &versions, &lease.as_secs_f64()])
        .await?;
    read_claimed(&client, &rows).await
}

/// A page of a user's event bookings, newest first, older than `after`.
pub async fn of_user(
    database: &Pool,
    user: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Booking>, DbError> {
    let client = database.get().await?;
    let query = format!(
        "SELECT {COLUMNS} FROM bookings
         WHERE user_ref = $1 AND channel = 'event'
             AND ($2::uuid IS NULL OR id < (SELECT id FROM bookings WHERE hold_id = $2))
         ORDER BY id DESC LIMIT $3"
    );
    let statement = client.prepare_cached(&query).await?;
    let rows = client
        .query(&statement, &[&user.to_string(), &after, &limit])
        .await?;
    Ok(read_all(&rows))
}
