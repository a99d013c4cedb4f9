//! Loads and locks the rows that a batch concerns.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

use deadpool_postgres::GenericClient;
use domain::{HoldId, PoolId};
use futures_util::future::try_join;
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::decode::{adjustment_of, expiry_of, holds_of, pool_of, seat_of};
use super::error::StoreError;
use crate::command::Command;
use crate::state::{Hold, State, TakenSeats};

/// Most expired holds that a batch ends besides its own commands, on the pools that these name: twice the
/// number of commands, so that a pool with thousands of them does not make a batch long. The rest wait for the
/// next batch or for the sweeper.
const LAPSED_LIMIT: i64 = 512;

/// The first CTE of both queries: the expired holds on named pools. The next limit stops a batch that names many.
const LAPSED: &str = "
    WITH lapsed AS MATERIALIZED (
        SELECT expiry.hold_id
        FROM unnest($1::bigint[]) AS named (pool_id)
        CROSS JOIN LATERAL (
            SELECT hold_id FROM hold_expiries
            WHERE hold_expiries.pool_id = named.pool_id AND expires_at <= statement_timestamp()
            ORDER BY expires_at LIMIT $3
        ) expiry
        LIMIT $3
    )";

/// Locks the pools that commands name, those of holds that are named without their pools, and those of expired
/// holds on named pools. They are locked in id order, so that batches of two replicas can't deadlock. The
/// expansion stops there: expired holds on pools that only other expired holds brought in are not loaded.
static LOCK_POOLS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{LAPSED}
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
    FOR UPDATE"
    )
});

/// Named and expired holds, read after the locks, so that commits of other batches during the wait are visible.
static READ_HOLDS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{LAPSED}
    SELECT hold.id, hold.owner, hold.status, hold.refusal, hold.request_digest, hold.expires_at,
           hold.seat_change, hold.seat_change_refusal, leg.pool_id, leg.units, leg.seats
    FROM holds hold LEFT JOIN hold_legs leg ON leg.hold_id = hold.id
    WHERE hold.id IN (SELECT unnest($2::uuid[]) UNION SELECT hold_id FROM lapsed)
    ORDER BY hold.id, leg.pool_id"
    )
});

/// The next expiry of each pool, beyond those that have lapsed.
const NEXT_EXPIRIES: &str = "
    SELECT pool.id, (
        SELECT min(expires_at) FROM hold_expiries
        WHERE hold_expiries.pool_id = pool.id AND expires_at > statement_timestamp()
    ) AS next_expiry
    FROM (SELECT unnest($1::bigint[]) UNION
          SELECT pool_id FROM hold_legs WHERE hold_id = ANY ($2::uuid[])) AS pool (id)";

const KNOWN_POOLS: &str = "SELECT id FROM pools WHERE id = ANY ($1::bigint[])";

pub(super) const READ_SEATS: &str =
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
    /// For pools of which no expired hold was left out: when the next one expires, if any.
    pub(crate) next_expiries: HashMap<PoolId, Option<Timestamp>>,
    /// The pools of which all taken seats are loaded.
    pub(crate) with_all_seats: HashSet<PoolId>,
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

/// Loads the rows of the commands and locks their pools, in a transaction that it begins. All in one round trip.
pub(crate) async fn load_locked(
    client: &impl GenericClient,
    commands: &[&Command],
    repeats: Repeats,
) -> Result<Loaded, StoreError> {
    let commands = || commands.iter().copied();
    let pool_ids = sorted(commands().flat_map(Command::pools).map(|id| id.0));
    let hold_ids = sorted(commands().filter_map(Command::hold).map(|id| id.0));
    let adjustment_ids = sorted(commands().filter_map(Command::adjustment));
    let names_its_pools =
        |command: &&Command| repeats == Repeats::Unlikely && matches!(command, Command::Hold(_));
    let holds_elsewhere = commands()
        .filter(|command| !names_its_pools(command))
        .filter_map(Command::hold);
    let holds_elsewhere = sorted(holds_elsewhere.map(|id| id.0));

    let clock = client.prepare_cached("SELECT clock_timestamp()").await?;
    let lock = client.prepare_cached(&LOCK_POOLS).await?;
    let read_holds = client.prepare_cached(&READ_HOLDS).await?;
    let next_expiries = client.prepare_cached(NEXT_EXPIRIES).await?;
    let read_seats = client.prepare_cached(READ_SEATS).await?;
    let read_adjustments = match adjustment_ids.is_empty() {
        true => None,
        false => Some(client.prepare_cached(READ_ADJUSTMENTS).await?),
    };
    let locked: [&(dyn ToSql + Sync); 3] = [&pool_ids, &holds_elsewhere, &LAPSED_LIMIT];
    let named: [&(dyn ToSql + Sync); 3] = [&pool_ids, &hold_ids, &LAPSED_LIMIT];
    let seats_of: [&(dyn ToSql + Sync); 1] = [&pool_ids];
    let adjustments: [&(dyn ToSql + Sync); 1] = [&adjustment_ids];
    // Pipelined: the server runs the statements in the order in which they are polled.
    let begin_and_lock = async {
        let begin = client.batch_execute("BEGIN");
        let clock = client.query_one(&clock, &[]);
        let lock = client.query(&lock, &locked);
        let ((), (clock, pools)) = try_join(begin, try_join(clock, lock)).await?;
        Ok::<_, tokio_postgres::Error>((clock, pools))
    };
    let read = async {
        let holds = client.query(&read_holds, &named);
        let next_expiries = client.query(&next_expiries, &locked[..2]);
        let seats = client.query(&read_seats, &seats_of);
        let adjustments = async {
            match &read_adjustments {
                Some(read) => client.query(read, &adjustments).await,
                None => Ok(Vec::new()),
            }
        };
        try_join(try_join(holds, next_expiries), try_join(seats, adjustments)).await
    };
    let ((clock, pool_rows), ((hold_rows, expiry_rows), (seat_rows, adjustment_rows))) =
        try_join(begin_and_lock, read).await?;

    let now = clock.try_get(0)?;
    let pools = pool_rows
        .iter()
        .map(pool_of)
        .collect::<Result<BTreeMap<_, _>, _>>()?;
    let holds = holds_of(&hold_rows)?;
    let is_named = |id: &HoldId| hold_ids.binary_search(&id.0).is_ok();
    let missing = sorted(
        holds
            .iter()
            .filter(|(id, hold)| is_named(id) && hold.status.is_live())
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
    // Named ones may be among them.
    let lapsed = holds.values().filter(|hold| hold.lapses_at().is_some());
    let next_expiries = if i64::try_from(lapsed.count()).is_ok_and(|lapsed| lapsed < LAPSED_LIMIT) {
        expiry_rows
            .iter()
            .map(expiry_of)
            .collect::<Result<_, _>>()?
    } else {
        HashMap::new()
    };
    let with_all_seats = pools
        .iter()
        .filter(|(id, pool)| pool.layout.is_none() || pool_ids.binary_search(&id.0).is_ok())
        .map(|(id, _)| *id)
        .collect();
    let mut seats = seats_of_holds(&holds);
    for row in &seat_rows {
        let (pool, seat, hold) = seat_of(row)?;
        seats.entry(pool).or_default().insert(seat, hold);
    }
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
        is_incomplete: !missing.is_empty(),
        next_expiries,
        with_all_seats,
    })
}

fn sorted<T: Ord>(ids: impl Iterator<Item = T>) -> Vec<T> {
    ids.collect::<BTreeSet<_>>().into_iter().collect()
}

async fn rows_by_ids<T: ToSql + Sync>(
    client: &impl GenericClient,
    query: &str,
    ids: &Vec<T>,
) -> Result<Vec<Row>, StoreError> {
    let statement = client.prepare_cached(query).await?;
    Ok(client.query(&statement, &[ids]).await?)
}

/// The seats of live holds: enough for pools that no command names.
fn seats_of_holds(holds: &HashMap<HoldId, Hold>) -> HashMap<PoolId, TakenSeats> {
    let mut seats = HashMap::<PoolId, TakenSeats>::new();
    for (id, hold) in holds.iter().filter(|(_, hold)| hold.status.is_live()) {
        for leg in hold.legs.iter().filter(|leg| !leg.seats.is_empty()) {
            let of_pool = seats.entry(leg.pool).or_default();
            of_pool.extend(leg.seats.iter().map(|seat| (*seat, *id)));
        }
    }
    seats
}
