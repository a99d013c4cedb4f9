//! Reads a pool's seat map as of one moment.

use std::collections::BTreeMap;

use deadpool_postgres::GenericClient;
use domain::{HoldId, HoldStatus, PoolId, SeatLayout, SeatNumber};
use jiff::Timestamp;

use super::decode::parsed;
use super::error::StoreError;

/// The pool with its live seats. A hold past its expiry counts as released.
const SEAT_MAP: &str = "
    SELECT pool.version, pool.layout, live.seat, live.hold_id, live.status, live.owner,
           live.created_at
    FROM pools pool
    LEFT JOIN (
        SELECT seat.pool_id, seat.seat, seat.hold_id, hold.status, hold.owner, hold.created_at
        FROM live_seats seat JOIN holds hold ON hold.id = seat.hold_id
        WHERE hold.status = 'sold' OR hold.expires_at IS NULL
           OR hold.expires_at > statement_timestamp()
    ) live ON live.pool_id = pool.id
    WHERE pool.id = $1";

/// A pool's seats at one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatMap {
    /// The pool of the map.
    pub pool: PoolId,
    /// Rises with each change of the pool.
    pub version: i64,
    /// All seats; `None` if the units have no names.
    pub layout: Option<SeatLayout>,
    /// The seats of live holds; all others are free.
    pub live: BTreeMap<SeatNumber, LiveSeat>,
}

/// A seat of a live hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveSeat {
    /// The hold that has it.
    pub hold: HoldId,
    /// Held or sold.
    pub status: HoldStatus,
    /// The hold's owner.
    pub owner: String,
    /// When the hold was created.
    pub since: Timestamp,
}

/// `None` if there is no such pool.
pub(crate) async fn seat_map(
    client: &impl GenericClient,
    pool: PoolId,
) -> Result<Option<SeatMap>, StoreError> {
    let statement = client.prepare_cached(SEAT_MAP).await?;
    let rows = client.query(&statement, &[&pool.0]).await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let layout: Option<&str> = first.try_get("layout")?;
    let layout = layout
        .map(|text| parsed(text, "pools.layout"))
        .transpose()?;
    let version = first.try_get("version")?;
    let mut live = BTreeMap::new();
    for row in &rows {
        let Some(seat) = row.try_get::<_, Option<&str>>("seat")? else {
            continue;
        };
        let status: &str = row.try_get("status")?;
        let seat_of = LiveSeat {
            hold: HoldId(row.try_get("hold_id")?),
            // An unknown status, from a newer version, counts as held: the seat is taken.
            status: HoldStatus::from_text(status).unwrap_or(HoldStatus::Held),
            owner: row.try_get("owner")?,
            since: row.try_get("created_at")?,
        };
        live.insert(parsed(seat, "live_seats.seat")?, seat_of);
    }
    Ok(Some(SeatMap {
        pool,
        version,
        layout,
        live,
    }))
}
