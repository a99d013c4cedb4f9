//! Writes the changes of a batch: a few statements with arrays, pipelined.

use deadpool_postgres::GenericClient;
use domain::{HoldId, HoldStatus, PoolId, SeatNumber};
use futures_util::future::try_join_all;
use jiff::Timestamp;
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

use super::error::StoreError;
use crate::refusal::Refusal;
use crate::rows::{Parameter, RowStatement};
use crate::state::{Hold, Pool, StateDiff};

const INSERT_POOLS: &str = "
    INSERT INTO pools (id, kind, capacity, free, held, sold, adjusted, layout, starts_at, closed_at,
                       version, updated_at)
    SELECT new.*, $12
    FROM unnest($1::bigint[], $2::text[], $3::int[], $4::int[], $5::int[], $6::int[], $7::int[],
                $8::text[], $9::timestamptz[], $10::timestamptz[], $11::bigint[]) AS new";

const UPDATE_POOLS: &str = "
    UPDATE pools
    SET capacity = new.capacity, free = new.free, held = new.held, sold = new.sold,
        adjusted = new.adjusted, starts_at = new.starts_at, closed_at = new.closed_at,
        version = new.version, updated_at = $10
    FROM unnest($1::bigint[], $2::int[], $3::int[], $4::int[], $5::int[], $6::int[],
                $7::timestamptz[], $8::timestamptz[], $9::bigint[])
        AS new (id, capacity, free, held, sold, adjusted, starts_at, closed_at, version)
    WHERE pools.id = new.id";

const INSERT_HOLDS: &str = "
    INSERT INTO holds (id, owner, status, refusal, request_digest, expires_at, seat_change,
                       created_at, updated_at)
    SELECT new.*, $8, $8
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::timestamptz[],
                $7::bigint[]) AS new";

const UPDATE_HOLDS: &str = "
    UPDATE holds
    SET status = new.status, expires_at = new.expires_at, seat_change = new.seat_change,
        seat_change_refusal = new.seat_change_refusal, updated_at = $6
    FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bigint[], $5::text[])
        AS new (id, status, expires_at, seat_change, seat_change_refusal)
    WHERE holds.id = new.id";

const INSERT_LEGS: &str = "
    INSERT INTO hold_legs (hold_id, pool_id, units, seats, expires_at)
    SELECT new.hold_id, new.pool_id, new.units, string_to_array(new.seats, ','), new.expires_at
    FROM unnest($1::uuid[], $2::bigint[], $3::int[], $4::text[], $5::timestamptz[])
        AS new (hold_id, pool_id, units, seats, expires_at)";

const UPDATE_LEGS: &str = "
    UPDATE hold_legs
    SET units = new.units, seats = string_to_array(new.seats, ','), expires_at = new.expires_at
    FROM unnest($1::uuid[], $2::bigint[], $3::int[], $4::text[], $5::timestamptz[])
        AS new (hold_id, pool_id, units, seats, expires_at)
    WHERE hold_legs.hold_id = new.hold_id AND hold_legs.pool_id = new.pool_id";

const FREE_SEATS: &str = "
    DELETE FROM live_seats USING unnest($1::bigint[], $2::text[]) AS old (pool_id, seat)
    WHERE live_seats.pool_id = old.pool_id AND live_seats.seat = old.seat";

const TAKE_SEATS: &str = "
    INSERT INTO live_seats (pool_id, seat, hold_id)
    SELECT new.* FROM unnest($1::bigint[], $2::text[], $3::uuid[]) AS new";

const INSERT_ADJUSTMENTS: &str = "
    INSERT INTO adjustments (id, pool_id, units, free_after, applied_at)
    SELECT new.* FROM unnest($1::uuid[], $2::bigint[], $3::int[], $4::int[],
                             $5::timestamptz[]) AS new";

const INSERT_LEDGER: &str = "
    INSERT INTO ledger (pool_id, version, line, from_account, to_account, units, reason, cause,
                        entered_at)
    SELECT new.*, $9
    FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::text[], $5::text[], $6::int[],
                $7::text[], $8::uuid[]) AS new";

/// A prepared statement with its parameters.
pub(crate) struct Write {
    statement: Statement,
    parameters: Vec<Parameter>,
}

/// Prepares the statements for these changes. Rows come before those that refer to them.
///
/// Nothing is written yet. Preparing may wait for the server, and nothing may wait between the first write and
/// the commit.
pub(crate) async fn prepare(
    client: &impl GenericClient,
    changes: &StateDiff,
    now: Timestamp,
) -> Result<Vec<Write>, StoreError> {
    let mut statements = Statements::new();
    pools(changes, now, &mut statements);
    holds(changes, now, &mut statements);
    seats(changes, &mut statements);
    adjustments(changes, &mut statements);
    ledger(changes, now, &mut statements);
    let mut writes = Vec::with_capacity(statements.len());
    for (query, parameters) in statements {
        writes.push(Write {
            statement: client.prepare_cached(query).await?,
            parameters,
        });
    }
    Ok(writes)
}

/// Prepares the rows of callers.
pub(crate) async fn prepare_rows(
    client: &impl GenericClient,
    rows: Vec<RowStatement>,
) -> Result<Vec<Write>, StoreError> {
    let mut writes = Vec::with_capacity(rows.len());
    for row in rows {
        writes.push(Write {
            statement: client.prepare_cached(row.sql).await?,
            parameters: row.parameters,
        });
    }
    Ok(writes)
}

/// Pipelines the statements. Each is sent when it is first polled, which happens in order.
pub(crate) async fn execute(
    client: &impl GenericClient,
    writes: &[Write],
) -> Result<(), StoreError> {
    try_join_all(writes.iter().map(async |write| {
        let parameters: Vec<&(dyn ToSql + Sync)> = write
            .parameters
            .iter()
            .map(|parameter| parameter.as_ref() as _)
            .collect();
        client.execute(&write.statement, &parameters).await
    }))
    .await?;
    Ok(())
}

type Statements = Vec<(&'static str, Vec<Parameter>)>;

/// One column: a value of each item.
fn column<T, U>(items: &[T], value: impl Fn(&T) -> U) -> Vec<U> {
    items.iter().map(value).collect()
}

/// A parameter: an array for `unnest`, or a single value.
fn parameter<T: ToSql + Sync + Send + 'static>(value: T) -> Parameter {
    Box::new(value)
}

/// The recorded code of a refusal.
fn code_of(refusal: Option<Refusal>) -> Option<&'static str> {
    refusal?.code().known_text()
}

fn pools(changes: &StateDiff, now: Timestamp, statements: &mut Statements) {
    let new: Vec<(&PoolId, &Pool)> = changes.new_pools.iter().collect();
    if !new.is_empty() {
        let parameters = vec![
            parameter(column(&new, |(id, _)| id.0)),
            parameter(column(&new, |(_, pool)| pool.kind.clone())),
            parameter(column(&new, |(_, pool)| pool.capacity)),
            parameter(column(&new, |(_, pool)| pool.free)),
            parameter(column(&new, |(_, pool)| pool.held)),
            parameter(column(&new, |(_, pool)| pool.sold)),
            parameter(column(&new, |(_, pool)| pool.adjusted)),
            parameter(column(&new, |(_, pool)| {
                pool.layout.map(|layout| layout.to_string())
            })),
            parameter(column(&new, |(_, pool)| pool.starts_at)),
            parameter(column(&new, |(_, pool)| pool.closed_at)),
            parameter(column(&new, |(_, pool)| pool.version)),
            parameter(now),
        ];
        statements.push((INSERT_POOLS, parameters));
    }
    let changed: Vec<(&PoolId, &Pool)> = changes.pools.iter().collect();
    if !changed.is_empty() {
        let parameters = vec![
            parameter(column(&changed, |(id, _)| id.0)),
            parameter(column(&changed, |(_, pool)| pool.capacity)),
            parameter(column(&changed, |(_, pool)| pool.free)),
            parameter(column(&changed, |(_, pool)| pool.held)),
            parameter(column(&changed, |(_, pool)| pool.sold)),
            parameter(column(&changed, |(_, pool)| pool.adjusted)),
            parameter(column(&changed, |(_, pool)| pool.starts_at)),
            parameter(column(&changed, |(_, pool)| pool.closed_at)),
            parameter(column(&changed, |(_, pool)| pool.version)),
            parameter(now),
        ];
        statements.push((UPDATE_POOLS, parameters));
    }
}

fn holds(changes: &StateDiff, now: Timestamp, statements: &mut Statements) {
    let new = &changes.new_holds;
    if !new.is_empty() {
        let parameters = vec![
            parameter(column(new, |(id, _)| id.0)),
            parameter(column(new, |(_, hold)| hold.owner.clone())),
            parameter(column(new, |(_, hold)| hold.status.as_str())),
            parameter(column(new, |(_, hold)| code_of(hold.refusal))),
            parameter(column(new, |(_, hold)| hold.request_digest.clone())),
            parameter(column(new, |(_, hold)| hold.expires_at)),
            parameter(column(new, |(_, hold)| hold.seat_change)),
            parameter(now),
        ];
        statements.push((INSERT_HOLDS, parameters));
    }
    let changed = &changes.holds;
    if !changed.is_empty() {
        let parameters = vec![
            parameter(column(changed, |(id, _)| id.0)),
            parameter(column(changed, |(_, hold)| hold.status.as_str())),
            parameter(column(changed, |(_, hold)| hold.expires_at)),
            parameter(column(changed, |(_, hold)| hold.seat_change)),
            parameter(column(changed, |(_, hold)| {
                code_of(hold.seat_change_refusal)
            })),
            parameter(now),
        ];
        statements.push((UPDATE_HOLDS, parameters));
    }
    for (query, holds) in [(INSERT_LEGS, new), (UPDATE_LEGS, changed)] {
        if let Some(parameters) = legs(holds) {
            statements.push((query, parameters));
        }
    }
}

/// The legs of holds, as columns.
fn legs(holds: &[(HoldId, Hold)]) -> Option<Vec<Parameter>> {
    let legs: Vec<_> = holds
        .iter()
        .flat_map(|(id, hold)| hold.legs.iter().map(move |leg| (*id, hold, leg)))
        .collect();
    (!legs.is_empty()).then(|| {
        vec![
            parameter(column(&legs, |(id, _, _)| id.0)),
            parameter(column(&legs, |(_, _, leg)| leg.pool.0)),
            parameter(column(&legs, |(_, _, leg)| leg.units.get().cast_signed())),
            parameter(column(&legs, |(_, _, leg)| joined(&leg.seats))),
            parameter(column(&legs, |(_, hold, _)| {
                hold.expires_at.filter(|_| hold.status == HoldStatus::Held)
            })),
        ]
    })
}

/// Seat numbers as one text: PostgreSQL has no arrays of arrays of different lengths.
fn joined(seats: &[SeatNumber]) -> String {
    seats
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(",")
}

fn seats(changes: &StateDiff, statements: &mut Statements) {
    let freed = &changes.freed_seats;
    if !freed.is_empty() {
        let parameters = vec![
            parameter(column(freed, |(pool, _)| pool.0)),
            parameter(column(freed, |(_, seat)| seat.to_string())),
        ];
        statements.push((FREE_SEATS, parameters));
    }
    let taken = &changes.taken_seats;
    if !taken.is_empty() {
        let parameters = vec![
            parameter(column(taken, |(pool, _, _)| pool.0)),
            parameter(column(taken, |(_, seat, _)| seat.to_string())),
            parameter(column(taken, |(_, _, hold)| hold.0)),
        ];
        statements.push((TAKE_SEATS, parameters));
    }
}

fn adjustments(changes: &StateDiff, statements: &mut Statements) {
    let new = &changes.adjustments;
    if !new.is_empty() {
        let parameters = vec![
            parameter(column(new, |(id, _)| *id)),
            parameter(column(new, |(_, adjustment)| adjustment.pool.0)),
            parameter(column(new, |(_, adjustment)| adjustment.units)),
            parameter(column(new, |(_, adjustment)| adjustment.free_after)),
            parameter(column(new, |(_, adjustment)| adjustment.applied_at)),
        ];
        statements.push((INSERT_ADJUSTMENTS, parameters));
    }
}

fn ledger(changes: &StateDiff, now: Timestamp, statements: &mut Statements) {
    let entries = &changes.ledger;
    if !entries.is_empty() {
        let parameters = vec![
            parameter(column(entries, |entry| entry.pool.0)),
            parameter(column(entries, |entry| entry.version)),
            parameter(column(entries, |entry| entry.line)),
            parameter(column(entries, |entry| entry.from.as_str())),
            parameter(column(entries, |entry| entry.to.as_str())),
            parameter(column(entries, |entry| entry.units)),
            parameter(column(entries, |entry| entry.reason)),
            parameter(column(entries, |entry| entry.cause)),
            parameter(now),
        ];
        statements.push((INSERT_LEDGER, parameters));
    }
}
