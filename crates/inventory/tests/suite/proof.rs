//! The proof finds what contradicts, whoever wrote it.

use std::time::Duration;

use domain::{HoldId, PoolId};
use inventory::Until;
use stack::testing::wait_for;
use tokio_postgres::Client;

use crate::support::{Bench, held, hold, proved};

#[tokio::test]
async fn each_contradiction_is_found_and_named() -> anyhow::Result<()> {
    for (tampering, contradiction) in [
        (
            "UPDATE pools SET free = free - 1, sold = sold + 1",
            "the ledger does not add up to the counts",
        ),
        (
            "UPDATE holds SET status = 'released'",
            "the live holds do not add up to the counts",
        ),
        (
            "INSERT INTO live_seats (pool_id, seat, hold_id) SELECT 1, 'A1', id FROM holds",
            "the live seats are not those of the live holds",
        ),
        (
            "INSERT INTO hold_legs (hold_id, pool_id, units, seats)
             VALUES (gen_random_uuid(), 1, 1, '{}')",
            "there are units of a hold, but no hold",
        ),
        (
            "INSERT INTO adjustments (id, pool_id, units, free_after, applied_at)
             VALUES (gen_random_uuid(), 2, 1, 1, now())",
            "there are entries of this pool, but no pool",
        ),
    ] {
        let bench = Bench::new().await?;
        bench.create(&[(1, 10, None)]).await?;
        let inventory = bench.replica(false)?;
        let command = hold(HoldId::generate(), &[1], 2, Until::Pinned)?;
        assert!(held(&inventory, command).await?.is_ok());
        proved(&inventory).await?;

        bench.sql().await?.batch_execute(tampering).await?;
        let proof = inventory.prove().await?;
        let found: Vec<_> = proof.violations.iter().map(|v| v.what.as_str()).collect();
        assert_eq!(found, [contradiction], "{tampering}");
        assert!(proof.violations.iter().all(|v| v.pool <= PoolId(2)));
    }
    Ok(())
}

/// Tables that have just grown have no statistics yet: a plan for what they seem to be would read them
/// whole for each batch.
#[tokio::test]
async fn batches_look_up_by_keys_whatever_the_statistics_say() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let sql = bench.sql().await?;
    bench.create(&[(1, 1000, None), (2, 1000, None)]).await?;
    sql.batch_execute(
        "ALTER TABLE holds SET (autovacuum_enabled = off);
         ALTER TABLE hold_legs SET (autovacuum_enabled = off);
         INSERT INTO holds (id, owner, status, created_at, updated_at)
         SELECT gen_random_uuid(), 'owner', 'released', now(), now()
         FROM generate_series(1, 20000);
         INSERT INTO hold_legs (hold_id, pool_id, units, seats) SELECT id, 1, 1, '{}' FROM holds;",
    )
    .await?;
    let before = scans(&sql).await?;
    let inventory = bench.replica(false)?;
    for _ in 0..20 {
        let command = hold(HoldId::generate(), &[1, 2], 1, Until::Pinned)?;
        assert!(held(&inventory, command).await?.is_ok());
    }
    // What a session did is counted when it has ended.
    drop(inventory);
    wait_for("it is counted", Duration::from_secs(20), async || {
        let now = scans(&sql).await?;
        anyhow::ensure!(now.by_key >= before.by_key + 20, "{now:?}");
        Ok(())
    })
    .await?;
    // Each batch would read them whole at least once; a few such scans are those of the rows' own making.
    let whole = scans(&sql).await?.whole - before.whole;
    assert!(whole < 10, "read whole {whole} times");
    Ok(())
}

/// How often holds were looked up by a key, and read whole.
#[derive(Debug)]
struct Scans {
    by_key: i64,
    whole: i64,
}

async fn scans(sql: &Client) -> anyhow::Result<Scans> {
    let counted = "SELECT sum(idx_scan)::bigint, sum(seq_scan)::bigint FROM pg_stat_user_tables
                   WHERE relname IN ('holds', 'hold_legs')";
    let row = sql.query_one(counted, &[]).await?;
    Ok(Scans {
        by_key: row.try_get(0)?,
        whole: row.try_get(1)?,
    })
}
