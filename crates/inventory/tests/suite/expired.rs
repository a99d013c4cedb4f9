//! Many holds that expire together, in chains and on one pool.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use domain::{HoldId, HoldStatus};
use futures_util::future::try_join_all;
use inventory::{Command, Inventory, Refusal, Until};
use jiff::{SignedDuration, Timestamp};
use test_stack::wait_until;

use crate::support::{Bench, held, hold, hold_seats, proved};

/// Holds in a chain: each shares a pool with the one before.
const CHAIN: i64 = 1000;

/// Pools outside the chain.
const OTHERS: i64 = 99;

/// Upper bound for recording all expired holds.
const SWEPT_WITHIN: Duration = Duration::from_secs(10);

/// Upper bound for a sale meanwhile.
const SOLD_WITHIN: Duration = Duration::from_secs(2);

/// Creates holds that expire at the same time, and waits until they have, while no replica runs.
async fn lapsed_in_silence(
    bench: &Bench,
    holds: impl Iterator<Item = (HoldId, Vec<i64>)>,
) -> anyhow::Result<()> {
    let inventory = bench.replica(false)?;
    // Backdated once all exist, so that none expires before the last is created.
    let much_later = Until::Expires(Timestamp::now() + SignedDuration::from_hours(1));
    let holds = holds.map(|(id, pools)| {
        let inventory = &inventory;
        async move { held(inventory, hold(id, &pools, 1, much_later)?).await }
    });
    for verdict in try_join_all(holds).await? {
        verdict?;
    }
    drop(inventory);
    let sql = bench.sql().await?;
    sql.batch_execute(
        "UPDATE holds SET expires_at = clock_timestamp() - interval '1 s';
         UPDATE hold_expiries SET expires_at = holds.expires_at FROM holds WHERE holds.id = hold_id;",
    )
    .await?;
    Ok(())
}

async fn count_of(bench: &Bench, status: HoldStatus) -> anyhow::Result<i64> {
    let sql = bench.sql().await?;
    let query = "SELECT count(*) FROM holds WHERE status = $1";
    Ok(sql
        .query_one(query, &[&status.as_str()])
        .await?
        .try_get(0)?)
}

/// Sells, and returns how long it took.
async fn sell(inventory: &Inventory, pools: &[i64]) -> anyhow::Result<Duration> {
    let asked = Instant::now();
    held(inventory, hold(HoldId::generate(), pools, 1, Until::Sold)?)
        .await?
        .with_context(|| format!("of {pools:?}"))?;
    Ok(asked.elapsed())
}

/// One unit of each pool is held by a chain of holds over two to four pools each.
async fn a_chain_lapses(with_gate: bool) -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let pools: Vec<_> = (1..=CHAIN + 3 + OTHERS)
        .map(|pool| (pool, 5, None))
        .collect();
    bench.create(&pools).await?;
    let chain = (1..=CHAIN).map(|first| {
        (
            HoldId::generate(),
            (first..=first + 1 + first % 3).collect(),
        )
    });
    lapsed_in_silence(&bench, chain).await?;

    let replicas = [bench.replica(with_gate)?, bench.replica(with_gate)?];
    let back = Instant::now();
    let mut slowest = Duration::ZERO;
    for other in 0..OTHERS {
        let replica = &replicas[usize::from(other % 2 == 0)];
        slowest = slowest.max(sell(replica, &[CHAIN + 4 + other]).await?);
    }
    assert!(slowest < SOLD_WITHIN, "a sale took {slowest:?}");
    let within = SWEPT_WITHIN.saturating_sub(back.elapsed());
    wait_until("the chain is entered", within, async || {
        count_of(&bench, HoldStatus::Expired)
            .await
            .unwrap_or_default()
            == CHAIN
    })
    .await?;
    let free = 5 * (CHAIN + 3 + OTHERS) - OTHERS;
    assert_eq!(proved(&replicas[0]).await?, (free, 0, OTHERS));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_of_lapsed_holds_is_freed_and_stops_nobody() -> anyhow::Result<()> {
    a_chain_lapses(true).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_of_lapsed_holds_is_freed_and_stops_nobody_without_redis() -> anyhow::Result<()> {
    a_chain_lapses(false).await
}

/// Every pool of the chain is sold out but for expired holds: anybody can buy those units, anywhere in the
/// chain.
#[tokio::test]
async fn what_a_chain_of_lapsed_holds_had_is_sold() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let pools: Vec<_> = (1..=6).map(|pool| (pool, 1, None)).collect();
    bench.create(&pools).await?;
    let chain = [vec![1, 2], vec![3, 4], vec![5, 6]];
    let chain = chain.into_iter().map(|pools| (HoldId::generate(), pools));
    lapsed_in_silence(&bench, chain).await?;
    let inventory = bench.replica(false)?;
    // Each takes from two expired holds, and leaves a part of both.
    for pools in [[2, 3], [4, 5], [6, 1]] {
        sell(&inventory, &pools).await?;
    }
    assert_eq!(proved(&inventory).await?, (0, 0, 6));
    Ok(())
}

/// Thousands of holds on one pool expire at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_with_thousands_of_lapsed_holds_makes_no_batch_long() -> anyhow::Result<()> {
    const HOLDS: i64 = 3000;
    /// Expired holds that a batch ends unasked, plus those that its commands name.
    const MOST_AT_ONCE: i64 = 512 + 256;
    let bench = Bench::new().await?;
    let capacity = i32::try_from(HOLDS)?;
    bench.create(&[(1, capacity, None), (2, 5, None)]).await?;
    let holds = (0..HOLDS).map(|_| (HoldId::generate(), vec![1]));
    lapsed_in_silence(&bench, holds).await?;
    let inventory = bench.replica(true)?;
    sell(&inventory, &[1]).await?;
    let other = sell(&inventory, &[2]).await?;
    assert!(other < SOLD_WITHIN, "a sale took {other:?}");
    wait_until("all are entered", SWEPT_WITHIN, async || {
        count_of(&bench, HoldStatus::Expired)
            .await
            .unwrap_or_default()
            == HOLDS
    })
    .await?;
    let sql = bench.sql().await?;
    let query = "SELECT max(lines) FROM (SELECT count(*) AS lines FROM ledger GROUP BY pool_id, version) batch";
    let longest: i64 = sql.query_one(query, &[]).await?.try_get(0)?;
    assert!(longest <= MOST_AT_ONCE, "{longest} movements in one batch");
    assert_eq!(proved(&inventory).await?, (HOLDS + 3, 0, 2));
    Ok(())
}

/// A command names an expired hold, but not another one that shares a pool with it.
#[tokio::test]
async fn a_command_that_names_a_lapsed_hold_of_a_chain_is_answered() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let layout = Some("rows A-B, seats 1-2".parse()?);
    bench
        .create(&[(1, 4, layout), (2, 4, layout), (3, 4, layout)])
        .await?;
    let ids = [HoldId::generate(), HoldId::generate()];
    let chain = ids.into_iter().zip([vec![1, 2], vec![2, 3]]);
    lapsed_in_silence(&bench, chain).await?;
    let inventory = bench.replica(false)?;
    let confirmed = held(&inventory, Command::Confirm { hold: ids[0] }).await?;
    assert_eq!(confirmed.err(), Some(Refusal::HoldExpired));
    // The seat at the far end of the other hold.
    let seat = hold_seats(HoldId::generate(), 3, "A1", Until::Sold)?;
    held(&inventory, seat).await??;
    assert_eq!(proved(&inventory).await?, (11, 0, 1));
    Ok(())
}

/// Contradictory rows, which the inventory never writes.
#[tokio::test]
async fn a_lapsed_hold_on_a_pool_that_is_not_there_stops_nobody() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench.create(&[(1, 10, None), (2, 5, None)]).await?;
    let ids = [HoldId::generate(), HoldId::generate()];
    let holds = ids.into_iter().zip([vec![1, 2], vec![1]]);
    lapsed_in_silence(&bench, holds).await?;
    let sql = bench.sql().await?;
    let stray = "UPDATE hold_legs SET pool_id = 9 WHERE pool_id = 2";
    sql.execute(stray, &[]).await?;
    let inventory = bench.replica(false)?;
    for _ in 0..5 {
        let took = sell(&inventory, &[1]).await?;
        assert!(took < SOLD_WITHIN, "a sale took {took:?}");
    }
    wait_until("the other one is entered", SWEPT_WITHIN, async || {
        count_of(&bench, HoldStatus::Expired)
            .await
            .unwrap_or_default()
            == 1
    })
    .await?;
    Ok(())
}
