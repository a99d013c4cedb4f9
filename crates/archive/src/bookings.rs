//! Finished bookings of flights, with their holds and their charges: a batch at a time, over three databases.
//!
//! A batch is a saga. Its bookings move in one transaction, which also writes what else has to move (`archive.moving`);
//! then their holds, then their charges; then it is struck off. Each step finds nothing left to do when it is
//! repeated. The audit passes over bookings that are under way.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;
use jiff::civil::Date;
use tokio::time::{Instant, sleep};
use tokio_postgres::{GenericClient, Row};
use uuid::Uuid;

use crate::databases::{Database, Databases};
use crate::error::ArchiveError;
use crate::options::Options;
use crate::report::Report;
use crate::tables;

/// Tables of a booking, each before those that it refers to, and the column that names the booking.
const TABLES: [(&str, &str); 5] = [
    ("booking_legs", "booking_id"),
    ("travelers", "booking_id"),
    ("dead_letters", "booking_id"),
    ("payment_failures", "booking_id"),
    ("bookings", "id"),
];

/// What a booking has to be: over, as its customer sees it too, with nothing left to do. Bookings of tickets stay:
/// the sums of their events are compared with them.
const IS_OVER: &str = "
    state IN ('confirmed', 'failed', 'expired', 'cancelled') AND public_status = state
    AND next_step_at IS NULL AND channel <> 'event' AND created_at < $2 AND updated_at < $2";

const MOVING: &str = "
    CREATE SCHEMA IF NOT EXISTS archive;
    CREATE TABLE IF NOT EXISTS archive.moving (
        hold_id uuid PRIMARY KEY, month date NOT NULL, attempts smallint NOT NULL
    )";

/// Holds of which nothing stands in the way: over, or sold on flights that have departed, and with no entries left
/// in the ledger after a time.
const FREE_HOLDS: &str = "
    SELECT want.id, hold.id IS NOT NULL AS is_there
    FROM unnest($1::uuid[]) AS want (id) LEFT JOIN holds hold ON hold.id = want.id
    WHERE hold.id IS NULL OR (
        hold.status <> 'held'
        AND NOT EXISTS (
            SELECT FROM hold_legs leg JOIN pools pool ON pool.id = leg.pool_id
            WHERE leg.hold_id = want.id AND (pool.starts_at IS NULL OR pool.starts_at >= $2)
        )
        AND NOT EXISTS (
            SELECT FROM hold_legs leg JOIN ledger entry ON entry.pool_id = leg.pool_id
            WHERE leg.hold_id = want.id AND entry.cause = want.id AND entry.entered_at >= $3
        )
    )";

/// Units of sold holds, which the proof adds to those of live ones.
const KEEP_SUMS: &str = "
    INSERT INTO archived_sums AS kept (pool_id, hold_units, hold_seats)
    SELECT leg.pool_id, sum(leg.units), sum(cardinality(leg.seats))
    FROM hold_legs leg JOIN holds hold ON hold.id = leg.hold_id
    WHERE hold.id = ANY ($1::uuid[]) AND hold.status = 'sold'
    GROUP BY leg.pool_id ORDER BY leg.pool_id
    ON CONFLICT (pool_id) DO UPDATE
    SET hold_units = kept.hold_units + excluded.hold_units,
        hold_seats = kept.hold_seats + excluded.hold_seats";

/// A booking of a batch.
struct Candidate {
    id: i64,
    hold: Uuid,
    month: Date,
    attempts: i16,
    is_confirmed: bool,
}

impl Candidate {
    fn of(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            hold: row.try_get("hold_id")?,
            month: row.try_get("month")?,
            attempts: row.try_get("attempt")?,
            is_confirmed: row.try_get("is_confirmed")?,
        })
    }
}

/// What is left to move of a booking that moved.
struct Moving {
    hold: Uuid,
    month: Date,
    attempts: i16,
}

/// Archives the finished bookings that are older than the date.
pub async fn archive(
    databases: &mut Databases,
    options: Options,
    report: &mut Report,
) -> Result<(), ArchiveError> {
    if !options.is_dry {
        let bookings = &databases.bookings;
        let fails = bookings.fails();
        bookings.client.batch_execute(MOVING).await.map_err(fails)?;
        // What an earlier run left.
        finish(databases, report).await?;
    }
    let mut after = 0;
    loop {
        let began = Instant::now();
        let page = candidates(&databases.bookings, after, options).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = last.id;
        let found = page.len();
        let free = unhindered(databases, page, options).await?;
        report.left += u64::try_from(found - free.len()).unwrap_or_default();
        if options.is_dry {
            let rows = u64::try_from(free.len()).unwrap_or_default();
            report.add(databases.bookings.name, "bookings", rows);
            continue;
        }
        if !free.is_empty() {
            move_bookings(&mut databases.bookings, &free, options, report).await?;
            finish(databases, report).await?;
        }
        sleep(began.elapsed() * options.pause).await;
    }
}

async fn candidates(
    bookings: &Database,
    after: i64,
    options: Options,
) -> Result<Vec<Candidate>, ArchiveError> {
    let fails = bookings.fails();
    let query = format!(
        "SELECT id, hold_id, date_trunc('month', created_at AT TIME ZONE 'UTC')::date AS month,
                attempt, state = 'confirmed' AS is_confirmed
         FROM bookings WHERE id > $1 AND {IS_OVER} ORDER BY id LIMIT $3"
    );
    let (before, batch) = (options.before.at(), options.batch);
    let rows = bookings
        .client
        .query(&query, &[&after, &before, &batch])
        .await;
    let rows = rows.map_err(fails)?;
    rows.iter()
        .map(|row| Candidate::of(row).map_err(fails))
        .collect()
}

/// Those whose holds and charges are over too.
async fn unhindered(
    databases: &Databases,
    page: Vec<Candidate>,
    options: Options,
) -> Result<Vec<Candidate>, ArchiveError> {
    let flights = &databases.flights;
    let fails = flights.fails();
    let holds: Vec<Uuid> = page.iter().map(|booking| booking.hold).collect();
    let entered_since = match options.is_dry {
        true => options.before.at(),
        false => Timestamp::UNIX_EPOCH,
    };
    let rows = flights
        .client
        .query(FREE_HOLDS, &[&holds, &options.before.at(), &entered_since])
        .await
        .map_err(fails)?;
    let mut free = BTreeMap::new();
    for row in &rows {
        let hold: Uuid = row.try_get(0).map_err(fails)?;
        let is_there: bool = row.try_get(1).map_err(fails)?;
        free.insert(hold, is_there);
    }
    let payments = &databases.payments;
    let fails = payments.fails();
    let keys: Vec<String> = page
        .iter()
        .flat_map(|one| charge_keys(one.hold, one.attempts))
        .collect();
    let processing = "SELECT idempotency_key FROM charges
                      WHERE idempotency_key = ANY ($1::text[]) AND status = 'processing'";
    let rows = payments.client.query(processing, &[&keys]).await;
    let mut processing = HashSet::new();
    for row in rows.map_err(fails)? {
        processing.insert(row.try_get::<_, String>(0).map_err(fails)?);
    }
    let is_over = |booking: &Candidate| {
        // A confirmed booking without its hold is a violation, which the audit has to see.
        let hold_is_over = match free.get(&booking.hold) {
            Some(is_there) => *is_there || !booking.is_confirmed,
            None => false,
        };
        hold_is_over
            && !charge_keys(booking.hold, booking.attempts).any(|key| processing.contains(&key))
    };
    Ok(page.into_iter().filter(is_over).collect())
}

/// The keys of a booking's charges.
fn charge_keys(hold: Uuid, attempts: i16) -> impl Iterator<Item = String> {
    (1..=attempts.max(1)).map(move |attempt| format!("booking {hold}/{attempt}"))
}

/// Moves the bookings, unless one has changed meanwhile, and notes what is left to move.
async fn move_bookings(
    bookings: &mut Database,
    batch: &[Candidate],
    options: Options,
    report: &mut Report,
) -> Result<(), ArchiveError> {
    let (name, fails) = (bookings.name, bookings.fails());
    let months: BTreeSet<Date> = batch.iter().map(|booking| booking.month).collect();
    let names: Vec<&str> = TABLES.iter().map(|(table, _)| *table).collect();
    tables::make(bookings, &names, &months).await?;
    let transaction = bookings.client.transaction().await.map_err(fails)?;
    let ids: Vec<i64> = batch.iter().map(|booking| booking.id).collect();
    let lock =
        format!("SELECT id FROM bookings WHERE id = ANY ($1::bigint[]) AND {IS_OVER} FOR UPDATE");
    let rows = transaction
        .query(&lock, &[&ids, &options.before.at()])
        .await;
    let mut locked = HashSet::new();
    for row in rows.map_err(fails)? {
        locked.insert(row.try_get::<_, i64>(0).map_err(fails)?);
    }
    let batch: Vec<&Candidate> = batch
        .iter()
        .filter(|one| locked.contains(&one.id))
        .collect();
    let ids: Vec<i64> = batch.iter().map(|booking| booking.id).collect();
    let holds: Vec<Uuid> = batch.iter().map(|booking| booking.hold).collect();
    let months: Vec<Date> = batch.iter().map(|booking| booking.month).collect();
    let attempts: Vec<i16> = batch.iter().map(|booking| booking.attempts).collect();
    let note = "INSERT INTO archive.moving (hold_id, month, attempts)
                SELECT * FROM unnest($1::uuid[], $2::date[], $3::smallint[])";
    transaction
        .execute(note, &[&holds, &months, &attempts])
        .await
        .map_err(fails)?;
    for (table, column) in TABLES {
        let rows = move_rows(&transaction, table, column, "bigint", &(&ids, &months)).await;
        report.add(name, table, rows.map_err(fails)?);
    }
    transaction.commit().await.map_err(fails)
}

/// Moves the rows of a table whose column has one of these values, each to its month.
async fn move_rows<T: tokio_postgres::types::ToSql + Sync>(
    client: &impl GenericClient,
    table: &str,
    column: &str,
    column_type: &str,
    (values, months): &(&Vec<T>, &Vec<Date>),
) -> Result<u64, tokio_postgres::Error> {
    let query = format!(
        "WITH moved AS (
             DELETE FROM {table} USING unnest($1::{column_type}[], $2::date[]) AS want (value, month)
             WHERE {table}.{column} = want.value RETURNING {table}.*, want.month
         )
         INSERT INTO archive.{table} SELECT * FROM moved"
    );
    client.execute(&query, &[values, months]).await
}

/// Moves the holds and the charges of the bookings that moved, and strikes them off.
async fn finish(databases: &mut Databases, report: &mut Report) -> Result<(), ArchiveError> {
    let fails = databases.bookings.fails();
    let query = "SELECT hold_id, month, attempts FROM archive.moving";
    let rows = databases.bookings.client.query(query, &[]).await;
    let mut moving = Vec::new();
    for row in rows.map_err(fails)? {
        moving.push(Moving {
            hold: row.try_get(0).map_err(fails)?,
            month: row.try_get(1).map_err(fails)?,
            attempts: row.try_get(2).map_err(fails)?,
        });
    }
    if moving.is_empty() {
        return Ok(());
    }
    let months: BTreeSet<Date> = moving.iter().map(|one| one.month).collect();
    tables::make(&databases.flights, &["hold_legs", "holds"], &months).await?;
    tables::make(&databases.payments, &["refunds", "charges"], &months).await?;
    move_holds(&mut databases.flights, &moving, report).await?;
    move_charges(&mut databases.payments, &moving, report).await?;
    let holds: Vec<Uuid> = moving.iter().map(|one| one.hold).collect();
    let strike_off = "DELETE FROM archive.moving WHERE hold_id = ANY ($1::uuid[])";
    let struck = databases
        .bookings
        .client
        .execute(strike_off, &[&holds])
        .await;
    struck.map_err(fails).map(|_| ())
}

async fn move_holds(
    flights: &mut Database,
    moving: &[Moving],
    report: &mut Report,
) -> Result<(), ArchiveError> {
    let (name, fails) = (flights.name, flights.fails());
    let holds: Vec<Uuid> = moving.iter().map(|one| one.hold).collect();
    let months: Vec<Date> = moving.iter().map(|one| one.month).collect();
    let transaction = flights.client.transaction().await.map_err(fails)?;
    transaction
        .execute(KEEP_SUMS, &[&holds])
        .await
        .map_err(fails)?;
    for (table, column) in [("hold_legs", "hold_id"), ("holds", "id")] {
        let rows = move_rows(&transaction, table, column, "uuid", &(&holds, &months)).await;
        report.add(name, table, rows.map_err(fails)?);
    }
    transaction.commit().await.map_err(fails)
}

async fn move_charges(
    payments: &mut Database,
    moving: &[Moving],
    report: &mut Report,
) -> Result<(), ArchiveError> {
    let (name, fails) = (payments.name, payments.fails());
    let of_keys = moving
        .iter()
        .flat_map(|one| charge_keys(one.hold, one.attempts).map(|key| (key, one.month)));
    let (keys, months): (Vec<String>, Vec<Date>) = of_keys.unzip();
    let transaction = payments.client.transaction().await.map_err(fails)?;
    let refunds = transaction
        .execute(
            "WITH moved AS (
                 DELETE FROM refunds USING charges, unnest($1::text[], $2::date[]) AS want (key, month)
                 WHERE charges.idempotency_key = want.key AND refunds.payment_id = charges.payment_id
                 RETURNING refunds.*, want.month
             )
             INSERT INTO archive.refunds SELECT * FROM moved",
            &[&keys, &months],
        )
        .await
        .map_err(fails)?;
    report.add(name, "refunds", refunds);
    let to_move = (&keys, &months);
    let rows = move_rows(&transaction, "charges", "idempotency_key", "text", &to_move).await;
    report.add(name, "charges", rows.map_err(fails)?);
    transaction.commit().await.map_err(fails)
}
