//! Loads and locks the rows that a batch concerns.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::str::FromStr;

use deadpool_postgres::GenericClient;
use domain::{HoldId, HoldStatus, PoolId, SeatNumber, Units};
use futures_util::future::{try_join, try_join3};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::error::StoreError;
use crate::command::Command;
use crate::refusal::Refusal;
use crate::state::{Adjustment, Hold, HoldLeg, Pool, State};

/// Most expired holds that a batch ends besides its own commands, on the pools that these name: twice the
/// number of commands, so that a pool with thousands of them does not make a batch long. The rest wait for the
/// next batch or for the sweeper.
const LAPSED_LIMIT: i64 = 512;

/// Locks the pools that commands name, those of holds that are named without their pools, and those of expired
/// holds on named pools. They are locked in id order, so that batches of two replicas can't deadlock. The
/// expansion stops there: expired holds on pools that only other expired holds brought in are not loaded.
const LOCK_POOLS: &str = "
    WITH lapsed AS MATERIALIZED (
        SELECT leg.hold_id
        FROM unnest($1::bigint[]) AS named (pool_id)
        CROSS JOIN LATERAL (
            SELECT hold_id FROM hold_legs
            WHERE hold_legs.pool_id = named.pool_id AND expires_at <= clock_timestamp()
            ORDER BY expires_at LIMIT $3
        ) leg
        LIMIT $3
    )
    SELECT id, kind, capacity, free, held, sold, adjusted, layout, starts_at, closed_at, version
    FROM pools
    WHERE id IN (
        SELECT unnest($1::bigint[])
        UNION
        SELECT pool_id FROM hold_legs WHERE hold_id = ANY ($2::uuid[])
        UNION
        SELECT pool_id FROM hold_legs WHERE hold_id IN (SELECT hold_id FROM lapsed)
    )
    ORDER BY id
    FOR UPDATE";

/// Named and expired holds, read after the locks, so that commits of other batches during the wait are visible.
const READ_HOLDS: &str = "
    WITH lapsed AS MATERIALIZED (
        SELECT leg.hold_id
        FROM unnest($2::bigint[]) AS named (pool_id)
        CROSS JOIN LATERAL (
            SELECT hold_id FROM hold_legs
            WHERE hold_legs.pool_id = named.pool_id AND expires_at <= $3
            ORDER BY expires_at LIMIT $4
        ) leg
        LIMIT $4
    )
    SELECT hold.id, hold.owner, hold.status, hold.refusal, hold.request_digest, hold.expires_at,
           hold.seat_change, hold.seat_change_refusal, leg.pool_id, leg.units, leg.seats
    FROM holds hold LEFT JOIN hold_legs leg ON leg.hold_id = hold.id
    WHERE hold.id IN (SELECT unnest($1::uuid[]) UNION SELECT hold_id FROM lapsed)
    ORDER BY hold.id, leg.pool_id";

const KNOWN_POOLS: &str = "SELECT id FROM pools WHERE id = ANY ($1::bigint[])";

const READ_SEATS: &str =
    "SELECT pool_id, seat, hold_id FROM live_seats WHERE pool_id = ANY ($1::bigint[])";

const READ_ADJUSTMENTS: &str = "
    SELECT id, pool_id, units, free_after, applied_at
    FROM adjustments WHERE id = ANY ($1::uuid[])";

/// The rows of a batch, as of one moment.
pub(crate) struct Loaded {
    /// The rows; their pools are locked.
    pub(crate) state: State,
    /// The database's time before the locks were taken.
    pub(crate) now: Timestamp,
    /// Whether a named hold has pools that are not locked: it was created during the wait, or it exists already
    /// with other pools than requested. The batch must then be loaded again with [`Repeats::Likely`]. An
    /// expired hold that no command names just waits for a batch that has all of its pools.
    pub(crate) is_incomplete: bool,
}

/// The database's clock, which decides all deadlines.
pub(crate) async fn database_time(client: &impl GenericClient) -> Result<Timestamp, StoreError> {
    let statement = client.prepare_cached("SELECT clock_timestamp()").await?;
    Ok(client.query_one(&statement, &[]).await?.try_get(0)?)
}

/// Whether requested holds may exist already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// Not looked up before the locks. One that exists with other pools sets [`Loaded::is_incomplete`].
    Unlikely,
    /// Looked up, and their pools locked too.
    Likely,
}

/// Loads the rows of the commands and locks their pools, inside a transaction.
pub(crate) async fn load(
    client: &impl GenericClient,
    commands: &[&Command],
    repeats: Repeats,
) -> Result<Loaded, StoreError> {
    let pool_ids = sorted(
        commands
            .iter()
            .flat_map(|command| command.pools())
            .map(|id| id.0),
    );
    let hold_ids = sorted(
        commands
            .iter()
            .filter_map(|command| command.hold())
            .map(|id| id.0),
    );
    let adjustment_ids = sorted(commands.iter().filter_map(|command| command.adjustment()));
    let names_its_pools =
        |command: &Command| repeats == Repeats::Unlikely && matches!(command, Command::Hold(_));
    let holds_elsewhere = sorted(
        commands
            .iter()
            .filter(|command| !names_its_pools(command))
            .filter_map(|command| command.hold())
            .map(|id| id.0),
    );

    let lock = client.prepare_cached(LOCK_POOLS).await?;
    let lock_pools = async {
        Ok(client
            .query(&lock, &[&pool_ids, &holds_elsewhere, &LAPSED_LIMIT])
            .await?)
    };
    let (now, pool_rows) = try_join(database_time(client), lock_pools).await?;
    let pools = pool_rows
        .iter()
        .map(pool_of)
        .collect::<Result<BTreeMap<_, _>, _>>()?;

    let with_layout: Vec<i64> = pools
        .iter()
        .filter(|(id, pool)| pool.layout.is_some() && pool_ids.binary_search(&id.0).is_ok())
        .map(|(id, _)| id.0)
        .collect();
    let read_holds = client.prepare_cached(READ_HOLDS).await?;
    let read_holds = async {
        Ok(client
            .query(&read_holds, &[&hold_ids, &pool_ids, &now, &LAPSED_LIMIT])
            .await?)
    };
    let (hold_rows, seat_rows, adjustment_rows) = try_join3(
        read_holds,
        rows_by_ids(client, READ_SEATS, &with_layout),
        rows_by_ids(client, READ_ADJUSTMENTS, &adjustment_ids),
    )
    .await?;

    let holds = holds_of(&hold_rows)?;
    let missing = sorted(
        holds
            .iter()
            .filter(|(id, hold)| hold_ids.binary_search(&id.0).is_ok() && hold.status.is_live())
            .flat_map(|(_, hold)| hold.legs.iter().map(|leg| leg.pool))
            .filter(|pool| !pools.contains_key(pool))
            .map(|pool| pool.0),
    );
    if !missing.is_empty()
        && rows_by_ids(client, KNOWN_POOLS, &missing).await?.len() < missing.len()
    {
        // The pool does not exist, so a retry can't help.
        return Err(StoreError::Unreadable("hold_legs.pool_id"));
    }
    let is_incomplete = !missing.is_empty();
    let mut seats = seat_rows
        .iter()
        .map(seat_of)
        .collect::<Result<BTreeMap<_, _>, _>>()?;
    seats.extend(seats_of(&holds));
    let adjustments = adjustment_rows
        .iter()
        .map(adjustment_of)
        .collect::<Result<_, _>>()?;
    Ok(Loaded {
        state: State {
            pools,
            holds,
            seats,
            adjustments,
        },
        now,
        is_incomplete,
    })
}

fn sorted<T: Ord>(ids: impl Iterator<Item = T>) -> Vec<T> {
    ids.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The rows with these ids; skips the query for an empty list.
async fn rows_by_ids<T: tokio_postgres::types::ToSql + Sync>(
    client: &impl GenericClient,
    query: &str,
    ids: &Vec<T>,
) -> Result<Vec<Row>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let statement = client.prepare_cached(query).await?;
    Ok(client.query(&statement, &[ids]).await?)
}

fn pool_of(row: &Row) -> Result<(PoolId, Pool), StoreError> {
    let layout: Option<&str> = row.try_get("layout")?;
    let pool = Pool {
        kind: row.try_get("kind")?,
        capacity: row.try_get("capacity")?,
        free: row.try_get("free")?,
        held: row.try_get("held")?,
        sold: row.try_get("sold")?,
        adjusted: row.try_get("adjusted")?,
        layout: layout
            .map(|text| parsed(text, "pools.layout"))
            .transpose()?,
        starts_at: row.try_get("starts_at")?,
        closed_at: row.try_get("closed_at")?,
        version: row.try_get("version")?,
    };
    Ok((PoolId(row.try_get("id")?), pool))
}

/// Builds holds from rows of one leg each, ordered by hold.
pub(super) fn holds_of(rows: &[Row]) -> Result<HashMap<HoldId, Hold>, StoreError> {
    let mut holds = HashMap::<HoldId, Hold>::new();
    for row in rows {
        let id = HoldId(row.try_get("id")?);
        let hold = match holds.entry(id) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert(hold_of(row)?),
        };
        if let Some(pool) = row.try_get::<_, Option<i64>>("pool_id")? {
            let units: i32 = row.try_get("units")?;
            hold.legs.push(HoldLeg {
                pool: PoolId(pool),
                units: Units::try_from(i64::from(units))
                    .map_err(|_| StoreError::Unreadable("hold_legs.units"))?,
                seats: row
                    .try_get::<_, Vec<&str>>("seats")?
                    .into_iter()
                    .map(|text| parsed(text, "hold_legs.seats"))
                    .collect::<Result<_, _>>()?,
            });
        }
    }
    Ok(holds)
}

fn hold_of(row: &Row) -> Result<Hold, StoreError> {
    let status: &str = row.try_get("status")?;
    let refusal: Option<&str> = row.try_get("refusal")?;
    Ok(Hold {
        owner: row.try_get("owner")?,
        status: HoldStatus::from_text(status).ok_or(StoreError::Unreadable("holds.status"))?,
        refusal: refusal_of(refusal),
        request_digest: row.try_get("request_digest")?,
        expires_at: row.try_get("expires_at")?,
        seat_change: row.try_get("seat_change")?,
        seat_change_refusal: refusal_of(row.try_get("seat_change_refusal")?),
        legs: Vec::new(),
    })
}

/// A recorded refusal. One with a code from a newer version still counts as a refusal.
fn refusal_of(code: Option<&str>) -> Option<Refusal> {
    code.map(|code| Refusal::from_code(&code.into()).unwrap_or(Refusal::HoldRefused))
}

/// The seats of live holds: enough for pools that no command names.
fn seats_of(
    holds: &HashMap<HoldId, Hold>,
) -> impl Iterator<Item = ((PoolId, SeatNumber), HoldId)> + '_ {
    let live = holds.iter().filter(|(_, hold)| hold.status.is_live());
    live.flat_map(|(id, hold)| {
        let legs = hold.legs.iter();
        legs.flat_map(|leg| leg.seats.iter().map(|seat| ((leg.pool, *seat), *id)))
    })
}

/// Parses a stored text.
pub(super) fn parsed<T: FromStr>(text: &str, column: &'static str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Unreadable(column))
}

fn seat_of(row: &Row) -> Result<((PoolId, SeatNumber), HoldId), StoreError> {
    let seat = parsed(row.try_get("seat")?, "live_seats.seat")?;
    Ok((
        (PoolId(row.try_get("pool_id")?), seat),
        HoldId(row.try_get("hold_id")?),
    ))
}

pub(super) fn adjustment_of(row: &Row) -> Result<(Uuid, Adjustment), StoreError> {
    let adjustment = Adjustment {
        pool: PoolId(row.try_get("pool_id")?),
        units: row.try_get("units")?,
        free_after: row.try_get("free_after")?,
        applied_at: row.try_get("applied_at")?,
    };
    Ok((row.try_get("id")?, adjustment))
}
