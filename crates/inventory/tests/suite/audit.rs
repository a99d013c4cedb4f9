//! Whether the database has every acknowledged change exactly once, and the gate agrees.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Context as _;
use deadpool_redis::redis;
use domain::{HoldId, HoldStatus, PoolId};
use inventory::pool_counts;
use test_stack::wait_for;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::Bench;

/// What callers were told.
#[derive(Default)]
pub struct Facts {
    /// The final status of each hold.
    pub holds: HashMap<HoldId, HoldStatus>,
    /// The pool and units of each adjustment; negative if given back.
    pub adjustments: HashMap<Uuid, (PoolId, i32)>,
}

/// Causes that a pool's ledger does not have exactly once for taking and once for giving back.
const WRONG_MOVEMENTS: &str = "
    WITH due AS (
        SELECT leg.hold_id AS cause, leg.pool_id, 1 AS taken,
               (hold.status IN ('released', 'expired'))::int AS returned, leg.units
        FROM hold_legs leg JOIN holds hold ON hold.id = leg.hold_id
        UNION ALL
        SELECT id, pool_id, (units > 0)::int, (units < 0)::int, abs(units) FROM adjustments
    ), entered AS (
        SELECT cause, pool_id, count(*) FILTER (WHERE from_account = 'free')::int AS taken,
               count(*) FILTER (WHERE to_account = 'free')::int AS returned, max(units) AS units
        FROM ledger WHERE cause IS NOT NULL GROUP BY cause, pool_id
    )
    SELECT format('%s on pool %s: due %s, entered %s', cause, pool_id,
                  (due.taken, due.returned, due.units),
                  (entered.taken, entered.returned, entered.units))
    FROM due FULL JOIN entered USING (cause, pool_id)
    WHERE (due.taken, due.returned, due.units)
          IS DISTINCT FROM (entered.taken, entered.returned, entered.units)
    LIMIT 5";

impl Facts {
    /// Fails unless the database agrees, and contains nothing else. Refused holds are not checked.
    pub async fn are_in(&self, sql: &Client) -> anyhow::Result<()> {
        let rows = sql.query("SELECT id, status FROM holds", &[]).await?;
        let mut found = HashMap::new();
        for row in rows {
            let status = HoldStatus::from_text(row.try_get("status")?).context("unknown status")?;
            found.insert(HoldId(row.try_get("id")?), status);
        }
        found.retain(|id, status| *status != HoldStatus::Refused || self.holds.contains_key(id));
        is_same("holds", &self.holds, &found)?;

        let rows = sql
            .query("SELECT id, pool_id, units FROM adjustments", &[])
            .await?;
        let mut found = HashMap::new();
        for row in rows {
            let pool = PoolId(row.try_get("pool_id")?);
            found.insert(row.try_get("id")?, (pool, row.try_get("units")?));
        }
        is_same("adjustments", &self.adjustments, &found)?;
        ledger_has_each_movement_once(sql).await
    }
}

/// Fails unless each leg and each adjustment moved its units exactly once.
pub async fn ledger_has_each_movement_once(sql: &Client) -> anyhow::Result<()> {
    let wrong = sql.query(WRONG_MOVEMENTS, &[]).await?;
    let wrong: Vec<String> = wrong.iter().map(|row| row.get(0)).collect();
    anyhow::ensure!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}

fn is_same<K, V>(what: &str, told: &HashMap<K, V>, found: &HashMap<K, V>) -> anyhow::Result<()>
where
    K: std::fmt::Debug + Eq + std::hash::Hash,
    V: std::fmt::Debug + PartialEq,
{
    let lost = told.iter().find(|(id, fact)| found.get(id) != Some(fact));
    if let Some((id, fact)) = lost {
        anyhow::bail!("{what}: told {id:?} {fact:?}, found {:?}", found.get(id));
    }
    let extra = found.iter().find(|(id, _)| !told.contains_key(id));
    anyhow::ensure!(extra.is_none(), "{what}: nobody was told of {extra:?}");
    Ok(())
}

/// Free, held and sold units of each pool.
pub async fn counts(sql: &Client) -> anyhow::Result<Vec<(i64, [i32; 3])>> {
    let rows = sql
        .query("SELECT id, free, held, sold FROM pools ORDER BY id", &[])
        .await?;
    rows.iter()
        .map(|row| {
            let counts = [row.try_get(1)?, row.try_get(2)?, row.try_get(3)?];
            Ok((row.try_get(0)?, counts))
        })
        .collect()
}

/// Fails unless the gate has the database's counts within two seconds. A missing count agrees too.
pub async fn gate_agrees(bench: &Bench) -> anyhow::Result<()> {
    let database = bench.pool()?;
    let gate = bench.gate(&database)?;
    let client = database.get().await?;
    let pools = client.query("SELECT id FROM pools", &[]).await?;
    let pools: Vec<PoolId> = pools.iter().map(|row| PoolId(row.get(0))).collect();
    let mut redis = redis(bench).await?;
    wait_for("the gate agrees", Duration::from_secs(2), async || {
        for count in pool_counts(&client, &pools).await? {
            let key = gate.key(count.pool);
            let known: Option<i32> = redis::cmd("HGET")
                .arg(&key)
                .arg("free")
                .query_async(&mut redis)
                .await?;
            anyhow::ensure!(
                known.is_none_or(|free| free == count.free),
                "{key} has {known:?}, the database {count:?}"
            );
        }
        Ok(())
    })
    .await
}

pub async fn redis(bench: &Bench) -> anyhow::Result<redis::aio::MultiplexedConnection> {
    let client = redis::Client::open(bench.redis_url.as_str())?;
    Ok(client.get_multiplexed_async_connection().await?)
}
