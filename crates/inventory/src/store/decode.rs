//! Rows of the tables as the types of [`crate::state`].

use std::collections::HashMap;
use std::str::FromStr;

use domain::{HoldId, HoldStatus, PoolId, SeatNumber, Units};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::error::StoreError;
use crate::refusal::Refusal;
use crate::state::{Adjustment, Hold, HoldLeg, Pool};

pub(super) fn pool_of(row: &Row) -> Result<(PoolId, Pool), StoreError> {
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

/// Parses a stored text.
pub(super) fn parsed<T: FromStr>(text: &str, column: &'static str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Unreadable(column))
}

pub(super) fn seat_of(row: &Row) -> Result<(PoolId, SeatNumber, HoldId), StoreError> {
    let seat = parsed(row.try_get("seat")?, "live_seats.seat")?;
    Ok((
        PoolId(row.try_get("pool_id")?),
        seat,
        HoldId(row.try_get("hold_id")?),
    ))
}

/// A pool and its next expiry, if any.
pub(super) fn expiry_of(row: &Row) -> Result<(PoolId, Option<Timestamp>), StoreError> {
    Ok((PoolId(row.try_get("id")?), row.try_get("next_expiry")?))
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
