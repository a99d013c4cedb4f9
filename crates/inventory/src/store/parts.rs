//! The parts of the statement that writes a batch: a CTE for each kind of row, with a parameter for each column.
//!
//! A part's own parameters begin at `$4`. `$1` is the time of the batch. The rows of a part are arrays, for `unnest`; a
//! single one is a row of VALUES, which costs the planner's quickest plan and no set of rows.

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
    /// It reads its rows from `unnest`.
    pub(super) sql: &'static str,
    /// Whether its parameters are the values of one row, and not arrays.
    pub(super) has_one_row: bool,
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
        part: (&'static str, &'static str),
        rows: &[T],
        parameters: impl FnOnce(&Rows<T>) -> Vec<Parameter>,
    ) {
        if self.has_all || !rows.is_empty() {
            self.push(part, rows, parameters);
        }
    }

    /// Adds a part if it has rows.
    fn add_rare<T>(
        &mut self,
        part: (&'static str, &'static str),
        rows: &[T],
        parameters: impl FnOnce(&Rows<T>) -> Vec<Parameter>,
    ) {
        if !rows.is_empty() {
            self.push(part, rows, parameters);
        }
    }

    fn push<T>(
        &mut self,
        (name, sql): (&'static str, &'static str),
        rows: &[T],
        parameters: impl FnOnce(&Rows<T>) -> Vec<Parameter>,
    ) {
        let only = match rows {
            [only] if !self.has_all => Some(only),
            _ => None,
        };
        self.parts.push(Part {
            name,
            sql,
            has_one_row: only.is_some(),
            is_check: [CHANGED, UNCHANGED].contains(&name),
            parameters: parameters(&Rows { rows, only }),
        });
    }
}

/// The CTEs that the check counts.
const CHANGED: &str = "changed_pools";
const UNCHANGED: &str = "unchanged_pools";

/// The rows of a part.
struct Rows<'a, T> {
    rows: &'a [T],
    /// The only one: its columns are plain values.
    only: Option<&'a T>,
}

impl<T> Rows<'_, T> {
    /// One column: the value, or an array with the value of each row.
    fn column<U: ToSql + Sync + Send + 'static>(&self, value: impl Fn(&T) -> U) -> Parameter {
        match self.only {
            Some(row) => Box::new(value(row)),
            None => Box::new(self.rows.iter().map(value).collect::<Vec<U>>()),
        }
    }
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
            changed.column(|(id, _)| id.0),
            changed.column(|(_, pool)| pool.capacity),
            changed.column(|(_, pool)| pool.free),
            changed.column(|(_, pool)| pool.held),
            changed.column(|(_, pool)| pool.sold),
            changed.column(|(_, pool)| pool.adjusted),
            changed.column(|(_, pool)| pool.starts_at),
            changed.column(|(_, pool)| pool.closed_at),
            changed.column(|(_, pool)| pool.version),
        ]
    });
    parts.add_rare((UNCHANGED, COMPARE_POOLS), unchanged, |unchanged| {
        vec![
            unchanged.column(|count| count.pool.0),
            unchanged.column(|count| count.version),
        ]
    });
    let new: Vec<_> = changes.new_pools.iter().collect();
    parts.add_rare(("new_pools", INSERT_POOLS), &new, |new| {
        vec![
            new.column(|(id, _)| id.0),
            new.column(|(_, pool)| pool.kind.clone()),
            new.column(|(_, pool)| pool.capacity),
            new.column(|(_, pool)| pool.free),
            new.column(|(_, pool)| pool.held),
            new.column(|(_, pool)| pool.sold),
            new.column(|(_, pool)| pool.adjusted),
            new.column(|(_, pool)| pool.layout.map(|layout| layout.to_string())),
            new.column(|(_, pool)| pool.starts_at),
            new.column(|(_, pool)| pool.closed_at),
            new.column(|(_, pool)| pool.version),
        ]
    });
}

fn holds(changes: &StateDiff, parts: &mut Parts) {
    parts.add(("new_holds", INSERT_HOLDS), &changes.new_holds, |new| {
        vec![
            new.column(|(id, _)| id.0),
            new.column(|(_, hold)| hold.owner.clone()),
            new.column(|(_, hold)| hold.status.as_str()),
            new.column(|(_, hold)| code_of(hold.refusal)),
            new.column(|(_, hold)| hold.request_digest.clone()),
            new.column(|(_, hold)| hold.expires_at),
        ]
    });
    parts.add(("holds_changed", UPDATE_HOLDS), &changes.holds, |changed| {
        vec![
            changed.column(|(id, _)| id.0),
            changed.column(|(_, hold)| hold.status.as_str()),
            changed.column(|(_, hold)| hold.expires_at),
            changed.column(|(_, hold)| hold.seat_change),
            changed.column(|(_, hold)| code_of(hold.seat_change_refusal)),
        ]
    });
    let legs = |legs: &Rows<(HoldId, &HoldLeg)>| {
        vec![
            legs.column(|(id, _)| id.0),
            legs.column(|(_, leg)| leg.pool.0),
            legs.column(|(_, leg)| leg.units.get().cast_signed()),
            legs.column(|(_, leg)| joined(&leg.seats)),
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
    let columns = |expiries: &Rows<Expiry>| {
        vec![
            expiries.column(|expiry| expiry.pool.0),
            expiries.column(|expiry| expiry.at),
            expiries.column(|expiry| expiry.hold.0),
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
            freed.column(|(pool, _)| pool.0),
            freed.column(|(_, seat)| seat.to_string()),
        ]
    });
    parts.add(("taken_seats", take), taken, |taken| {
        vec![
            taken.column(|(pool, _, _)| pool.0),
            taken.column(|(_, seat, _)| seat.to_string()),
            taken.column(|(_, _, hold)| hold.0),
        ]
    });
}

fn adjustments(changes: &StateDiff, parts: &mut Parts) {
    let new = &changes.adjustments;
    parts.add_rare(("new_adjustments", INSERT_ADJUSTMENTS), new, |new| {
        vec![
            new.column(|(id, _)| *id),
            new.column(|(_, adjustment)| adjustment.pool.0),
            new.column(|(_, adjustment)| adjustment.units),
            new.column(|(_, adjustment)| adjustment.free_after),
            new.column(|(_, adjustment)| adjustment.applied_at),
        ]
    });
}

fn ledger(changes: &StateDiff, parts: &mut Parts) {
    parts.add(("entries", INSERT_LEDGER), &changes.ledger, |entries| {
        vec![
            entries.column(|entry| entry.pool.0),
            entries.column(|entry| entry.version),
            entries.column(|entry| entry.line),
            entries.column(|entry| entry.from.as_str()),
            entries.column(|entry| entry.to.as_str()),
            entries.column(|entry| entry.units),
            entries.column(|entry| entry.reason),
            entries.column(|entry| entry.cause),
        ]
    });
}
