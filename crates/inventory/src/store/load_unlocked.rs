//! Reads the rows that a batch concerns without locks.
//!
//! Pools are read first. What changes afterwards of their holds, seats and expiries raises a version that the commit
//! compares, so the rows need not be of one moment.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use deadpool_postgres::GenericClient;
use domain::{HoldId, PoolId};
use futures_util::future::try_join;
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::decode::{expiry_of, holds_of, pool_of, seat_of};
use super::error::StoreError;
use super::load_locked::READ_SEATS;
use super::read::HOLDS;
use crate::state::{Hold, Pool, TakenSeats};

/// The named pools, and those of the named holds, each with its earliest expiry.
const READ_POOLS: &str = "
    SELECT id, kind, capacity, free, held, sold, adjusted, layout, starts_at, closed_at, version, (
               SELECT min(expires_at) FROM hold_expiries WHERE hold_expiries.pool_id = pools.id
           ) AS next_expiry
    FROM pools
    WHERE id IN (SELECT unnest($1::bigint[])
                 UNION
                 SELECT pool_id FROM hold_legs WHERE hold_id = ANY ($2::uuid[]))";

/// Rows that were read without locks.
pub(crate) struct LoadedUnlocked {
    /// Each with its earliest expiry.
    pub(crate) pools: BTreeMap<PoolId, (Pool, Option<Timestamp>)>,
    pub(crate) holds: HashMap<HoldId, Hold>,
    /// All taken seats of the named pools.
    pub(crate) seats: HashMap<PoolId, TakenSeats>,
}

/// Reads these pools and holds, and the pools of the holds, in one round trip. Seats take another.
pub(crate) async fn load_unlocked(
    client: &impl GenericClient,
    pools: &BTreeSet<PoolId>,
    holds: &BTreeSet<HoldId>,
) -> Result<LoadedUnlocked, StoreError> {
    let pool_ids: Vec<i64> = pools.iter().map(|id| id.0).collect();
    let hold_ids: Vec<Uuid> = holds.iter().map(|id| id.0).collect();
    let read_pools = client.prepare_cached(READ_POOLS).await?;
    let read_holds = if holds.is_empty() {
        None
    } else {
        Some(client.prepare_cached(HOLDS).await?)
    };
    // Pipelined: the server reads in the order in which they are polled.
    let of_pools: [&(dyn ToSql + Sync); 2] = [&pool_ids, &hold_ids];
    let read_holds = async {
        match &read_holds {
            Some(read) => client.query(read, &of_pools[1..]).await,
            None => Ok(Vec::new()),
        }
    };
    let (pool_rows, hold_rows) = try_join(client.query(&read_pools, &of_pools), read_holds).await?;
    let read = |row: &Row| -> Result<_, StoreError> {
        let (id, pool) = pool_of(row)?;
        Ok((id, (pool, expiry_of(row)?.1)))
    };
    let read_pools = pool_rows
        .iter()
        .map(read)
        .collect::<Result<BTreeMap<PoolId, (Pool, Option<Timestamp>)>, _>>()?;
    let holds = holds_of(&hold_rows)?;
    let mut seats = HashMap::<PoolId, TakenSeats>::new();
    let with_layout: Vec<i64> = read_pools
        .iter()
        .filter(|(id, (pool, _))| pool.layout.is_some() && pools.contains(id))
        .map(|(id, _)| id.0)
        .collect();
    if !with_layout.is_empty() {
        let statement = client.prepare_cached(READ_SEATS).await?;
        for row in client.query(&statement, &[&with_layout]).await? {
            let (pool, seat, hold) = seat_of(&row)?;
            seats.entry(pool).or_default().insert(seat, hold);
        }
    }
    Ok(LoadedUnlocked {
        pools: read_pools,
        holds,
        seats,
    })
}
