//! How proofs and batches run: one proof at a time, within its time, and by keys.

use std::time::Duration;

use domain::HoldId;
use domain::sale_rules::SalesPolicy;
use futures_util::future::{join_all, try_join_all};
use inventory::{Command, Inventory, Settings, Until};
use test_stack::{wait_for, wait_until};
use tokio_postgres::Client;

use crate::support::{Bench, COMMIT_TIMEOUT, PROOF_TIMEOUT, held, hold, pool_of, proved};

/// Tables that have just grown have no statistics yet: a plan by the estimates would scan them in each batch.
#[tokio::test]
async fn batches_look_up_by_keys_whatever_the_statistics_say() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let sql = bench.sql().await?;
    bench.create(&[(1, 1000, None), (2, 1000, None)]).await?;
    sql.batch_execute(
        "ALTER TABLE holds SET (autovacuum_enabled = off);
         ALTER TABLE hold_legs SET (autovacuum_enabled = off);
         INSERT INTO holds (id, owner, status, created_at)
         SELECT gen_random_uuid(), 'owner', 'released', now()
         FROM generate_series(1, 20000);
         INSERT INTO hold_legs (hold_id, pool_id, units, seats) SELECT id, 1, 1, '{}' FROM holds;",
    )
    .await?;
    let before = scans(&sql).await?;
    // One knows the hold, the other has to look it up, and each has to look up what the other wrote.
    let replicas = [bench.replica(false)?, bench.replica(false)?];
    for number in 0..20 {
        let hold_id = HoldId::generate();
        let command = hold(hold_id, &[1, 2], 1, Until::Pinned)?;
        assert!(held(&replicas[0], command).await?.is_ok());
        let confirm = Command::Confirm { hold: hold_id };
        assert!(held(&replicas[number % 2], confirm).await?.is_ok());
    }
    // A session's statistics are counted when it ends.
    drop(replicas);
    wait_for("it is counted", Duration::from_secs(20), async || {
        let now = scans(&sql).await?;
        anyhow::ensure!(now.by_key >= before.by_key + 20, "{now:?}");
        Ok(())
    })
    .await?;
    // With bad plans each batch would scan them at least once; the test's own setup makes a few scans.
    let whole = scans(&sql).await?.whole - before.whole;
    assert!(whole < 10, "read whole {whole} times");
    Ok(())
}

/// How often holds were looked up by index, and scanned.
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

/// How many backends run a proof of this test.
async fn proofs_at_work(sql: &Client) -> anyhow::Result<i64> {
    let query = "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND query LIKE '%pool_checkpoints%' AND state = 'active'
                   AND pid <> pg_backend_pid()";
    Ok(sql.query_one(query, &[]).await?.try_get(0)?)
}

/// Blocks every proof, but no sale, until it is dropped.
async fn stalled_proofs(bench: &Bench) -> anyhow::Result<Client> {
    let stalling = bench.sql().await?;
    let lock = "BEGIN; LOCK TABLE pool_checkpoints IN ACCESS EXCLUSIVE MODE";
    stalling.batch_execute(lock).await?;
    Ok(stalling)
}

#[tokio::test]
async fn one_proof_at_a_time_serves_all_who_ask_and_stops_when_they_leave() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench.create(&[(1, 10, None)]).await?;
    let inventory = bench.replica(false)?;
    let sql = bench.sql().await?;
    let stalling = stalled_proofs(&bench).await?;
    let asking: Vec<_> = (0..50)
        .map(|_| {
            let inventory = inventory.clone();
            tokio::spawn(async move { inventory.prove().await })
        })
        .collect();
    let soon = Duration::from_secs(4);
    wait_until("one is at work", soon, async || {
        matches!(proofs_at_work(&sql).await, Ok(1))
    })
    .await?;
    // Sales don't wait for it.
    held(&inventory, hold(HoldId::generate(), &[1], 3, Until::Sold)?).await??;
    for task in &asking {
        task.abort();
    }
    join_all(asking).await;
    wait_until("none is at work", soon, async || {
        matches!(proofs_at_work(&sql).await, Ok(0))
    })
    .await?;
    drop(stalling);
    let proofs = try_join_all((0..50).map(|_| proved(&inventory))).await?;
    assert!(proofs.iter().all(|counts| *counts == (7, 0, 3)));
    Ok(())
}

/// A caller that asks during a proof gets the next one.
#[tokio::test]
async fn a_proof_is_never_older_than_the_question() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench.create(&[(1, 10, None)]).await?;
    let inventory = bench.replica(false)?;
    let sql = bench.sql().await?;
    let stalling = stalled_proofs(&bench).await?;
    let first = {
        let inventory = inventory.clone();
        tokio::spawn(async move { inventory.prove().await })
    };
    wait_until("it is at work", Duration::from_secs(4), async || {
        matches!(proofs_at_work(&sql).await, Ok(1))
    })
    .await?;
    held(&inventory, hold(HoldId::generate(), &[1], 3, Until::Sold)?).await??;
    let second = proved(&inventory);
    let end = async { drop(stalling) };
    let (second, ()) = tokio::join!(second, end);
    assert_eq!(second?, (7, 0, 3));
    assert!(first.await??.holds());
    Ok(())
}

#[tokio::test]
async fn a_proof_that_takes_too_long_is_given_up() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench.create(&[(1, 10, None)]).await?;
    let settings = Settings {
        sales: SalesPolicy::default(),
        commit_timeout: COMMIT_TIMEOUT,
        proof_timeout: PROOF_TIMEOUT / 10,
    };
    let database = pool_of(bench.database.url())?;
    let inventory = Inventory::start(database, None, settings, std::sync::Arc::new(|_| {}));
    let stalling = stalled_proofs(&bench).await?;
    assert!(inventory.prove().await.is_err());
    drop(stalling);
    wait_for("it is proved", COMMIT_TIMEOUT, async || {
        proved(&inventory).await.map(|_| ())
    })
    .await
}
