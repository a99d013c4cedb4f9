//! The gate's counts: taken, given back, replaced only by newer ones, expired after a second.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::cmd;
use domain::{HoldId, HoldStatus, PoolId};
use futures_util::future::try_join_all;
use inventory::gate::Admission;
use inventory::{Gate, PoolCount, Refusal, Until};
use test_stack::{wait_for, wait_until};

use crate::audit::redis;
use crate::support::{Bench, COMMIT_TIMEOUT, gate, held, hold, proved, start, units};

const SOON: Duration = Duration::from_secs(30);

struct GateBench {
    bench: Bench,
    gate: Arc<Gate>,
    redis: MultiplexedConnection,
}

impl GateBench {
    /// A connected gate over pools 1 and 2 with ten units, and pool 3 with none.
    async fn new() -> anyhow::Result<Self> {
        let bench = Bench::new().await?;
        bench
            .create(&[(1, 10, None), (2, 10, None), (3, 0, None)])
            .await?;
        let (url, keys) = (&bench.redis_url, &bench.key_prefix);
        let gate = gate(url, keys, &bench.pool()?, Duration::from_secs(5))?;
        let redis = redis(&bench).await?;
        let within = Duration::from_secs(5);
        wait_until("the gate is connected", within, async || {
            matches!(
                gate.take(PoolId(3), units(1), true).await,
                Ok(Admission::NotEnough)
            )
        })
        .await?;
        Ok(Self { bench, gate, redis })
    }

    async fn field(&self, pool: i64, field: &str) -> anyhow::Result<Option<i64>> {
        let mut redis = self.redis.clone();
        let key = self.gate.key(PoolId(pool));
        let mut get = cmd("HGET");
        get.arg(key).arg(field);
        Ok(get.query_async(&mut redis).await?)
    }

    async fn free(&self, pool: i64) -> anyhow::Result<Option<i64>> {
        self.field(pool, "free").await
    }

    async fn publish(&self, pool: i64, version: i64, free: i32) {
        let count = PoolCount {
            pool: PoolId(pool),
            version,
            free,
        };
        self.gate.publish(&[count]).await;
    }

    /// Publishes a count without an expiry, so that it stays however long the test takes.
    async fn publish_for_ever(&self, pool: i64, version: i64, free: i32) -> anyhow::Result<()> {
        self.publish(pool, version, free).await;
        let key = self.gate.key(PoolId(pool));
        let mut redis = self.redis.clone();
        Ok(cmd("PERSIST").arg(key).exec_async(&mut redis).await?)
    }
}

#[tokio::test]
async fn an_older_count_does_not_replace_a_newer_one() -> anyhow::Result<()> {
    let it = GateBench::new().await?;
    for (version, free, expected) in [(5, 3, 3), (4, 9, 3), (5, 8, 3), (6, 7, 7), (1, 0, 7)] {
        it.publish_for_ever(1, version, free).await?;
        assert_eq!(it.free(1).await?, Some(expected), "version {version}");
    }
    assert_eq!(it.field(1, "version").await?, Some(6));
    Ok(())
}

#[tokio::test]
async fn a_count_lives_a_second_whatever_is_taken() -> anyhow::Result<()> {
    let it = GateBench::new().await?;
    it.publish(1, 1_000_000, 50).await;
    let mut redis = it.redis.clone();
    let key = it.gate.key(PoolId(1));
    let left: i64 = cmd("PTTL").arg(&key).query_async(&mut redis).await?;
    assert!((1..=1000).contains(&left), "{left} ms left");
    // The database never has this version: once the count has expired, the true one is read.
    let within = Duration::from_secs(2);
    wait_for("the wrong count is gone", within, async || {
        it.gate.take(PoolId(1), units(1), false).await?;
        it.gate.give(PoolId(1), units(1)).await;
        let free = it.free(1).await?;
        anyhow::ensure!(free.is_some_and(|free| free <= 10), "{free:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn units_are_taken_and_given_back_and_named_seats_only_compare() -> anyhow::Result<()> {
    let it = GateBench::new().await?;
    it.publish_for_ever(1, 2, 5).await?;
    let take = async |count, only| it.gate.take(PoolId(1), units(count), only).await;
    assert_eq!(take(3, false).await?, Admission::Taken);
    assert_eq!(it.free(1).await?, Some(2));
    assert_eq!(take(3, false).await?, Admission::NotEnough);
    assert_eq!(take(3, true).await?, Admission::NotEnough);
    assert_eq!(take(2, true).await?, Admission::Unchecked);
    assert_eq!(it.free(1).await?, Some(2));
    it.gate.give(PoolId(1), units(3)).await;
    assert_eq!(it.free(1).await?, Some(5));
    it.gate.give(PoolId(9), units(3)).await;
    assert_eq!(it.free(9).await?, None, "nobody knows pool 9");
    Ok(())
}

#[tokio::test]
async fn a_crowd_at_a_count_that_nobody_knows() -> anyhow::Result<()> {
    let it = GateBench::new().await?;
    let crowd = (0..50).map(|_| it.gate.take(PoolId(2), units(1), false));
    let admissions = try_join_all(crowd).await?;
    let of = |sought| admissions.iter().filter(|got| **got == sought).count();
    assert!(of(Admission::Taken) <= 10, "{admissions:?}");
    assert!(of(Admission::NotEnough) > 0, "{admissions:?}");
    Ok(())
}

#[tokio::test]
async fn what_is_taken_in_vain_is_given_back_at_once() -> anyhow::Result<()> {
    let it = GateBench::new().await?;
    let inventory = it.bench.replica(true)?;
    let within = Duration::from_secs(5);
    let had = wait_for("the gate counts", within, async || {
        let had = hold(HoldId::generate(), &[1], 1, Until::Pinned)?;
        held(&inventory, had.clone()).await??;
        it.free(1).await?.context("no count").map(|_| had)
    })
    .await?;
    // Versions that the database never has, so no commit corrects these counts.
    it.publish_for_ever(1, 1000, 5).await?;
    it.publish_for_ever(2, 1000, 0).await?;
    it.publish_for_ever(3, 1000, 5).await?;
    let refused_at_the_second = hold(HoldId::generate(), &[1, 2], 1, Until::Pinned)?;
    let refused_by_the_database = hold(HoldId::generate(), &[1, 3], 1, Until::Pinned)?;
    for command in [refused_at_the_second, refused_by_the_database] {
        let refusal = held(&inventory, command).await?.err();
        assert_eq!(refusal, Some(Refusal::SoldOut));
    }
    assert!(held(&inventory, had).await??.replayed);
    assert_eq!(it.free(1).await?, Some(5));
    assert_eq!(it.free(3).await?, Some(5));
    Ok(())
}

#[tokio::test]
async fn redis_is_not_asked_about_a_pool_with_plenty() -> anyhow::Result<()> {
    let it = GateBench::new().await?;
    it.bench.create(&[(4, 1000, None)]).await?;
    let inventory = it.bench.replica(true)?;
    let take = async |count| -> anyhow::Result<_> {
        let command = hold(HoldId::generate(), &[4], count, Until::Pinned)?;
        held(&inventory, command).await
    };
    take(1).await??;
    // A wrong count that no commit corrects, and that nobody hears of.
    let key = it.gate.key(PoolId(4));
    let mut wrong = cmd("HSET");
    wrong.arg(&key).arg(&["version", "1000000", "free", "0"]);
    wrong.exec_async(&mut it.redis.clone()).await?;
    cmd("PERSIST")
        .arg(&key)
        .exec_async(&mut it.redis.clone())
        .await?;
    take(1).await??;
    // Another replica sells almost all, and does not tell.
    let command = hold(HoldId::generate(), &[4], 990, Until::Pinned)?;
    let silent = it.bench.replica(false)?;
    held(&silent, command).await??;
    assert_eq!(
        take(100).await?.err(),
        Some(Refusal::SoldOut),
        "by the committer"
    );
    assert_eq!(
        take(1).await?.err(),
        Some(Refusal::SoldOut),
        "by the wrong count"
    );
    Ok(())
}

#[tokio::test]
async fn the_same_hold_that_comes_meanwhile_gets_the_same_verdict() -> anyhow::Result<()> {
    let it = GateBench::new().await?;
    let inventory = start(it.bench.pool()?, Some(Arc::clone(&it.gate)), COMMIT_TIMEOUT);
    let sql = it.bench.sql().await?;
    sql.batch_execute("BEGIN; SELECT FROM pools WHERE id = 1 FOR UPDATE")
        .await?;
    let id = HoldId::generate();
    let asked = || {
        let (inventory, command) = (Arc::clone(&inventory), hold(id, &[1], 8, Until::Pinned));
        tokio::spawn(async move { held(&inventory, command?).await })
    };
    let first = asked();
    wait_until("the first one has its units", SOON, async || {
        it.free(1).await.is_ok_and(|free| free == Some(2))
    })
    .await?;
    // The gate refuses it, and nothing is recorded yet.
    let mut second = asked();
    let early = tokio::time::timeout(Duration::from_millis(100), &mut second).await;
    assert!(
        early.is_err(),
        "told {early:?} while the first one is under way"
    );
    // The first caller has disconnected.
    first.abort();
    sql.batch_execute("COMMIT").await?;
    assert_eq!(second.await???.status, HoldStatus::Held);
    let (_, held, _) = proved(&inventory).await?;
    assert_eq!(held, 8);
    Ok(())
}
