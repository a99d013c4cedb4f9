//! When the bookings of an event were confirmed.
//!
//! Both times are the database's: `created_at` is read with the event before anything is held, `updated_at` is
//! written by the confirming commit.

use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio_postgres::Client;

/// Timeout of the confirmations after the last booking.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(120);

const POLL: Duration = Duration::from_millis(50);

/// The confirmations of a run.
#[derive(Clone, Copy, Debug)]
pub struct Confirmations {
    /// Bookings confirmed per second, from the first request to the last confirmation.
    pub per_s: f64,
    /// Quantiles of the time from a request to its confirmation.
    pub p50_ms: f64,
    pub p99_ms: f64,
}

const LAST_BOOKING: &str = "SELECT coalesce(max(id), 0) FROM bookings";

const UNCONFIRMED: &str = "SELECT count(*) FROM bookings WHERE id > $1 AND state <> 'confirmed'";

const CONFIRMATIONS: &str = "
    SELECT count(*),
           (count(*) / extract(epoch FROM max(updated_at) - min(created_at)))::float8,
           percentile_cont(0.5) WITHIN GROUP (
               ORDER BY extract(epoch FROM updated_at - created_at)
           )::float8 * 1000,
           percentile_cont(0.99) WITHIN GROUP (
               ORDER BY extract(epoch FROM updated_at - created_at)
           )::float8 * 1000
    FROM bookings WHERE id > $1";

/// The id of the last booking.
pub async fn last_booking(sql: &Client) -> anyhow::Result<i64> {
    Ok(sql.query_one(LAST_BOOKING, &[]).await?.try_get(0)?)
}

/// Waits until all bookings after this one are confirmed; there must be `booked`.
pub async fn all_confirmed(sql: &Client, after: i64, booked: u64) -> anyhow::Result<Confirmations> {
    let give_up_at = Instant::now() + CONFIRMED_WITHIN;
    loop {
        let unconfirmed = sql.query_one(UNCONFIRMED, &[&after]).await?;
        let unconfirmed: i64 = unconfirmed.try_get(0)?;
        if unconfirmed == 0 {
            break;
        }
        ensure!(
            Instant::now() < give_up_at,
            "{unconfirmed} of {booked} bookings are not confirmed"
        );
        tokio::time::sleep(POLL).await;
    }
    let row = sql.query_one(CONFIRMATIONS, &[&after]).await?;
    let confirmed: i64 = row.try_get(0)?;
    ensure!(
        u64::try_from(confirmed)? == booked,
        "{booked} bookings were answered, {confirmed} are confirmed"
    );
    Ok(Confirmations {
        per_s: row.try_get(1)?,
        p50_ms: row.try_get(2)?,
        p99_ms: row.try_get(3)?,
    })
}
