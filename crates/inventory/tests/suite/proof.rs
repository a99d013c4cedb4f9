//! The proof finds what contradicts, whoever wrote it.

use domain::{HoldId, PoolId};
use inventory::Until;

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
    let inventory = bench.replica(false)?;
    for _ in 0..20 {
        let command = hold(HoldId::generate(), &[1, 2], 1, Until::Pinned)?;
        assert!(held(&inventory, command).await?.is_ok());
    }
    // What a session did is counted when it has ended.
    drop(inventory);
    let scans = "SELECT seq_scan, idx_scan FROM pg_stat_user_tables WHERE relname = 'pools'";
    stack::testing::wait_for(
        "what was read is counted",
        std::time::Duration::from_secs(20),
        async || {
            let row = sql.query_one(scans, &[]).await?;
            let (whole, by_key): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
            anyhow::ensure!(by_key >= 20, "{by_key} by key");
            // Making them looked for those that are there.
            anyhow::ensure!(whole <= 2, "read whole {whole} times");
            Ok(())
        },
    )
    .await
}
