//! The parts of the statement that writes a batch: a CTE for each kind of row, with a parameter for each column.
//!
//! A part's own parameters begin at `$4`. `$1` is the time of the batch.

use domain::{HoldId, SeatNumber};
use tokio_postgres::types::ToSql;

use crate::refusal::Refusal;
use crate::rows::Parameter;
use crate::state::{Expiry, HoldLeg, PoolCount, StateDiff};

/// The locks of pools are taken here, in the order of their ids: the plan is a nested loop over the sorted arrays.
/// A pool that another replica has changed in the meantime does not match, and is missing from the count.
const UPDATE_POOLS: &str = "
    UPDATE pools
    SET capacity = new.capacity, free = new.free, held = new.held, sold = new.sold,
        adjusted = new.adjusted, starts_at = new.starts_at, closed_at = new.closed_at,
        version = new.version, updated_at = $1
    FROM unnest($4::bigint[], $5::int[], $6::int[], $7::int[], $8::int[], $9::int[],
                $10::timestamptz[], $11::timestamptz[], $12::bigint[])
        AS new (id, capacity, free, held, sold, adjusted, starts_at, closed_at, version)
    WHERE pools.id = new.id AND pools.version = new.version - 1
    RETURNING 1";

const COMPARE_POOLS: &str = "
    SELECT FROM unnest($4::bigint[], $5::bigint[]) AS known (id, version)
    JOIN pools ON pools.id = known.id AND pools.version = known.version";

const INSERT_POOLS: &str = "
    INSERT INTO pools (id, kind, capacity, free, held, sold, adjusted, layout, starts_at, closed_at,
                       version, updated_at)
    SELECT new.*, $1
    FROM unnest($4::bigint[], $5::text[], $6::int[], $7::int[], $8::int[], $9::int[], $10::int[],
                $11::text[], $12::timestamptz[], $13::timestamptz[], $14::bigint[]) AS new";

const INSERT_HOLDS: &str = "
    INSERT INTO holds (id, owner, status, refusal, request_digest, expires_at, created_at)
    SELECT new.*, $1
    FROM unnest($4::uuid[], $5::text[], $6::text[], $7::text[], $8::bytea[], $9::timestamptz[])
        AS new";

const UPDATE_HOLDS: &str = "
    UPDATE holds
    SET status = new.status, expires_at = new.expires_at, seat_change = new.seat_change,
        seat_change_refusal = new.seat_change_refusal
    FROM unnest($4::uuid[], $5::text[], $6::timestamptz[], $7::bigint[], $8::text[])
        AS new (id, status, expires_at, seat_change, seat_change_refusal)
    WHERE holds.id = new.id";

const INSERT_LEGS: &str = "
    INSERT INTO hold_legs (hold_id, pool_id, units, seats)
    SELECT new.hold_id, new.pool_id, new.units, string_to_array(new.seats, ',')
    FROM unnest($4::uuid[], $5::bigint[], $6::int[], $7::text[])
        AS new (hold_id, pool_id, units, seats)";

const UPDATE_LEGS: &str = "
    UPDATE hold_legs
    SET units = new.units, seats = string_to_array(new.seats, ',')
    FROM unnest($4::uuid[], $5::bigint[], $6::int[], $7::text[])
        AS new (hold_id, pool_id, units, seats)
    WHERE hold_legs.hold_id = new.hold_id AND hold_legs.pool_id = new.pool_id";

const DELETE_EXPIRIES: &str = "
    DELETE FROM hold_expiries
    USING unnest($4::bigint[], $5::timestamptz[], $6::uuid[]) AS old (pool_id, expires_at, hold_id)
    WHERE hold_expiries.pool_id = old.pool_id AND hold_expiries.expires_at = old.expires_at
        AND hold_expiries.hold_id = old.hold_id";

const INSERT_EXPIRIES: &str = "
    INSERT INTO hold_expiries (pool_id, expires_at, hold_id)
    SELECT new.* FROM unnest($4::bigint[], $5::timestamptz[], $6::uuid[]) AS new";

const FREE_SEATS: &str = "
    DELETE FROM live_seats USING unnest($4::bigint[], $5::text[]) AS old (pool_id, seat)
    WHERE live_seats.pool_id = old.pool_id AND live_seats.seat = old.seat
    RETURNING 1";

const TAKE_SEATS: &str = "
    INSERT INTO live_seats (pool_id, seat, hold_id)
    SELECT new.* FROM unnest($4::bigint[], $5::text[], $6::uuid[]) AS new";

/// Reads the CTE of the freed seats, so that it runs before: a seat may go from one hold to another.
const TAKE_FREED_SEATS: &str = "
    INSERT INTO live_seats (pool_id, seat, hold_id)
    SELECT new.* FROM unnest($4::bigint[], $5::text[], $6::uuid[]) AS new
    WHERE (SELECT count(*) FROM freed_seats) >= 0";

const INSERT_ADJUSTMENTS: &str = "
    INSERT INTO adjustments (id, pool_id, units, free_after, applied_at)
    SELECT new.* FROM unnest($4::uuid[], $5::bigint[], $6::int[], $7::int[],
                             $8::timestamptz[]) AS new";

const INSERT_LEDGER: &str = "
    INSERT INTO ledger (pool_id, version, line, from_account, to_account, units, reason, cause,
                        entered_at)
    SELECT new.*, $1
    FROM unnest($4::bigint[], $5::bigint[], $6::int[], $7::text[], $8::text[], $9::int[],
                $10::text[], $11::uuid[]) AS new";

/// Up to so many rows, a statement has only the parts that have rows. Beyond it has all of the common ones: an empty
/// part costs little beside them, and every combination of parts is a plan that each connection keeps.
const ROWS_OF_A_SMALL_BATCH: usize = 32;

/// One CTE.
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
    /// Whether its rows are pools whose versions match.
    pub(super) is_check: bool,
    pub(super) parameters: Vec<Parameter>,
}

/// The parts for these changes, in an order that does not vary.
pub(super) fn parts_of(changes: &StateDiff, unchanged: &[PoolCount]) -> Vec<Part> {
    let rows = changes.ledger.len() + changes.new_holds.len() + changes.holds.len();
    let mut parts = Parts {
        has_all: rows > ROWS_OF_A_SMALL_BATCH,
        parts: Vec::with_capacity(12),
    };
    pools(changes, unchanged, &mut parts);
    holds(changes, &mut parts);
    expiries(changes, &mut parts);
    seats(changes, &mut parts);
    adjustments(changes, &mut parts);
    ledger(changes, &mut parts);
    parts.parts
}

struct Parts {
    /// Whether common parts are added even without rows.
    has_all: bool,
    parts: Vec<Part>,
}

impl Parts {
    /// Adds a part that nearly every large batch has.
    fn add<T>(
        &mut self,
        (name, sql): (&'static str, &'static str),
        rows: &[T],
        parameters: impl FnOnce(&[T]) -> Vec<Parameter>,
    ) {
        if self.has_all || !rows.is_empty() {
            self.push(name, sql, parameters(rows));
        }
    }

    /// Adds a part if it has rows.
    fn add_rare<T>(
        &mut self,
        (name, sql): (&'static str, &'static str),
        rows: &[T],
        parameters: impl FnOnce(&[T]) -> Vec<Parameter>,
    ) {
        if !rows.is_empty() {
            self.push(name, sql, parameters(rows));
        }
    }

    fn push(&mut self, name: &'static str, sql: &'static str, parameters: Vec<Parameter>) {
        let is_check = [CHANGED, UNCHANGED].contains(&name);
        self.parts.push(Part {
            name,
            sql,
            is_check,
            parameters,
        });
    }
}

/// The CTEs that the check counts.
const CHANGED: &str = "changed_pools";
const UNCHANGED: &str = "unchanged_pools";

/// One column: a value of each row, for `unnest`.
fn column<T, U: ToSql + Sync + Send + 'static>(rows: &[T], value: impl Fn(&T) -> U) -> Parameter
where
    Vec<U>: ToSql,
{
    Box::new(rows.iter().map(value).collect::<Vec<U>>())
}

/// The recorded code of a refusal.
fn code_of(refusal: Option<Refusal>) -> Option<&'static str> {
    refusal?.code().known_text()
}

/// Seat numbers as one text: PostgreSQL has no arrays of arrays of different lengths.
fn joined(seats: &[SeatNumber]) -> String {
    let mut joined = String::with_capacity(seats.len() * 4);
    for seat in seats {
        if !joined.is_empty() {
            joined.push(',');
        }
        joined.push_str(&seat.to_string());
    }
    joined
}

fn pools(changes: &StateDiff, unchanged: &[PoolCount], parts: &mut Parts) {
    let changed: Vec<_> = changes.pools.iter().collect();
    parts.add((CHANGED, UPDATE_POOLS), &changed, |changed| {
        vec![
            column(changed, |(id, _)| id.0),
            column(changed, |(_, pool)| pool.capacity),
            column(changed, |(_, pool)| pool.free),
            column(changed, |(_, pool)| pool.held),
            column(changed, |(_, pool)| pool.sold),
            column(changed, |(_, pool)| pool.adjusted),
            column(changed, |(_, pool)| pool.starts_at),
            column(changed, |(_, pool)| pool.closed_at),
            column(changed, |(_, pool)| pool.version),
        ]
    });
    parts.add_rare((UNCHANGED, COMPARE_POOLS), unchanged, |unchanged| {
        vec![
            column(unchanged, |count| count.pool.0),
            column(unchanged, |count| count.version),
        ]
    });
    let new: Vec<_> = changes.new_pools.iter().collect();
    parts.add_rare(("new_pools", INSERT_POOLS), &new, |new| {
        vec![
            column(new, |(id, _)| id.0),
            column(new, |(_, pool)| pool.kind.clone()),
            column(new, |(_, pool)| pool.capacity),
            column(new, |(_, pool)| pool.free),
            column(new, |(_, pool)| pool.held),
            column(new, |(_, pool)| pool.sold),
            column(new, |(_, pool)| pool.adjusted),
            column(new, |(_, pool)| {
                pool.layout.map(|layout| layout.to_string())
            }),
            column(new, |(_, pool)| pool.starts_at),
            column(new, |(_, pool)| pool.closed_at),
            column(new, |(_, pool)| pool.version),
        ]
    });
}

fn holds(changes: &StateDiff, parts: &mut Parts) {
    parts.add(("new_holds", INSERT_HOLDS), &changes.new_holds, |new| {
        vec![
            column(new, |(id, _)| id.0),
            column(new, |(_, hold)| hold.owner.clone()),
            column(new, |(_, hold)| hold.status.as_str()),
            column(new, |(_, hold)| code_of(hold.refusal)),
            column(new, |(_, hold)| hold.request_digest.clone()),
            column(new, |(_, hold)| hold.expires_at),
        ]
    });
    parts.add(("holds_changed", UPDATE_HOLDS), &changes.holds, |changed| {
        vec![
            column(changed, |(id, _)| id.0),
            column(changed, |(_, hold)| hold.status.as_str()),
            column(changed, |(_, hold)| hold.expires_at),
            column(changed, |(_, hold)| hold.seat_change),
            column(changed, |(_, hold)| code_of(hold.seat_change_refusal)),
        ]
    });
    let legs = |legs: &[(HoldId, &HoldLeg)]| {
        vec![
            column(legs, |(id, _)| id.0),
            column(legs, |(_, leg)| leg.pool.0),
            column(legs, |(_, leg)| leg.units.get().cast_signed()),
            column(legs, |(_, leg)| joined(&leg.seats)),
        ]
    };
    let new: Vec<_> = changes
        .new_holds
        .iter()
        .flat_map(|(id, hold)| hold.legs.iter().map(|leg| (*id, leg)))
        .collect();
    parts.add(("new_legs", INSERT_LEGS), &new, legs);
    let changed: Vec<_> = changes.legs.iter().map(|(id, leg)| (*id, leg)).collect();
    parts.add_rare(("legs_changed", UPDATE_LEGS), &changed, legs);
}

fn expiries(changes: &StateDiff, parts: &mut Parts) {
    let columns = |expiries: &[Expiry]| {
        vec![
            column(expiries, |expiry| expiry.pool.0),
            column(expiries, |expiry| expiry.at),
            column(expiries, |expiry| expiry.hold.0),
        ]
    };
    let (ended, new) = (&changes.ended_expiries, &changes.new_expiries);
    parts.add(("expiries_ended", DELETE_EXPIRIES), ended, columns);
    parts.add(("new_expiries", INSERT_EXPIRIES), new, columns);
}

fn seats(changes: &StateDiff, parts: &mut Parts) {
    let (freed, taken) = (&changes.freed_seats, &changes.taken_seats);
    let take = if parts.has_all || !freed.is_empty() {
        TAKE_FREED_SEATS
    } else {
        TAKE_SEATS
    };
    parts.add(("freed_seats", FREE_SEATS), freed, |freed| {
        vec![
            column(freed, |(pool, _)| pool.0),
            column(freed, |(_, seat)| seat.to_string()),
        ]
    });
    parts.add(("taken_seats", take), taken, |taken| {
        vec![
            column(taken, |(pool, _, _)| pool.0),
            column(taken, |(_, seat, _)| seat.to_string()),
            column(taken, |(_, _, hold)| hold.0),
        ]
    });
}

fn adjustments(changes: &StateDiff, parts: &mut Parts) {
    let new = &changes.adjustments;
    parts.add_rare(("new_adjustments", INSERT_ADJUSTMENTS), new, |new| {
        vec![
            column(new, |(id, _)| *id),
            column(new, |(_, adjustment)| adjustment.pool.0),
            column(new, |(_, adjustment)| adjustment.units),
            column(new, |(_, adjustment)| adjustment.free_after),
            column(new, |(_, adjustment)| adjustment.applied_at),
        ]
    });
}

fn ledger(changes: &StateDiff, parts: &mut Parts) {
    parts.add(("entries", INSERT_LEDGER), &changes.ledger, |entries| {
        vec![
            column(entries, |entry| entry.pool.0),
            column(entries, |entry| entry.version),
            column(entries, |entry| entry.line),
            column(entries, |entry| entry.from.as_str()),
            column(entries, |entry| entry.to.as_str()),
            column(entries, |entry| entry.units),
            column(entries, |entry| entry.reason),
            column(entries, |entry| entry.cause),
        ]
    });
}
