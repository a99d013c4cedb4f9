//! Two replicas over one PostgreSQL and one Redis, with faults injected. A seed decides what happens; a failure
//! prints it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::try_join_all;
use test_stack::{Proxy, wait_for, wait_until};
use tokio::task::JoinSet;

use crate::audit::{counts, gate_agrees};
use crate::buyers::{Buyer, Wish};
use crate::caller::{Caller, World};
use crate::faults::Stage;
use crate::random::{chance, with_seeds};
use crate::support::{Bench, COMMIT_TIMEOUT, proved};
use crate::visitors::{Offer, visit};

/// Demand 80, capacity 60.
const SCARCE: i64 = 1;
/// Demand 30, capacity 60.
const ROOMY: i64 = 2;
/// Demanded together, in either order; the first has units for 20 of 30.
const FIRST_LEG: i64 = 3;
const SECOND_LEG: i64 = 4;
/// 30 seats, each demanded by name; ten more buyers want any.
const SEATED: i64 = 5;

const VISITORS: u64 = 8;

fn wishes() -> Vec<Wish> {
    let mut wishes = Vec::new();
    wishes.extend((0..80).map(|_| Wish::Units(vec![SCARCE], 1)));
    wishes.extend((0..15).map(|_| Wish::Units(vec![ROOMY], 2)));
    wishes.extend((0..30).map(|_| Wish::Units(vec![FIRST_LEG, SECOND_LEG], 1)));
    wishes.extend(seats().into_iter().map(|seat| Wish::Seat(SEATED, seat)));
    wishes.extend((0..10).map(|_| Wish::Units(vec![SEATED], 1)));
    wishes
}

fn seats() -> Vec<String> {
    let row = |row| (1..=10).map(move |number| format!("{row}{number}"));
    ['A', 'B', 'C'].into_iter().flat_map(row).collect()
}

/// Final free, held and sold units: the smaller of demand and capacity is sold.
const IN_THE_END: [(i64, [i32; 3]); 5] = [
    (SCARCE, [0, 0, 60]),
    (ROOMY, [30, 0, 30]),
    (FIRST_LEG, [0, 0, 20]),
    (SECOND_LEG, [5, 0, 20]),
    (SEATED, [0, 0, 30]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_nothing_is_oversold_lost_or_wasted() -> anyhow::Result<()> {
    with_seeds(&[1, 2], run).await
}

async fn run(seed: u64) -> anyhow::Result<()> {
    let mut redis = local_servers::redis::Server::temporary().await?;
    let mut bench = Bench::new().await?;
    bench.redis_url = redis.url();
    let pools = [(SCARCE, 60), (ROOMY, 60), (FIRST_LEG, 20), (SECOND_LEG, 25)];
    bench
        .create(&pools.map(|(pool, capacity)| (pool, capacity, None)))
        .await?;
    bench
        .create(&[(SEATED, 30, Some("rows A-C, seats 1-10".parse()?))])
        .await?;
    let url = bench.database.url();
    let proxies = [Proxy::before(url).await?, Proxy::before(url).await?];
    let [left, right] = proxies
        .each_ref()
        .map(|proxy| bench.replica_at(proxy.url(), Some(&redis.url()), COMMIT_TIMEOUT));
    let world = World::new([left?, right?]);

    let mut visitors = JoinSet::new();
    for number in 0..VISITORS {
        let caller = Caller::new(&world, chance(seed, number));
        let offer = Offer {
            pools: IN_THE_END.map(|(pool, _)| pool).to_vec(),
            seated: SEATED,
            seats: seats(),
        };
        visitors.spawn(async move { visit(caller, &offer).await });
    }
    let mut buyers = JoinSet::new();
    for (number, wish) in (VISITORS..).zip(wishes()) {
        let caller = Caller::new(&world, chance(seed, number));
        buyers.spawn(Buyer::new(caller, wish).run());
    }
    let mut stage = Stage {
        bench: &bench,
        world: &world,
        proxies: &proxies,
        redis: &mut redis,
    };
    let mishaps = async {
        stage.run(chance(seed, u64::from(u16::MAX))).await?;
        world.is_over.store(true, Ordering::SeqCst);
        Ok(())
    };
    let (_, (), buyers) = tokio::try_join!(all(visitors), mishaps, all(buyers))?;
    settle(&bench, &world, buyers).await
}

/// After the faults: refused buyers retry, and everything must add up.
async fn settle(bench: &Bench, world: &Arc<World>, mut buyers: Vec<Buyer>) -> anyhow::Result<()> {
    let sql = bench.sql().await?;
    let within = Duration::from_secs(5);
    wait_until("the visitors' last holds lapse", within, async || {
        let held = counts(&sql)
            .await
            .map(|counts| counts.iter().map(|(_, count)| count[1]).sum());
        matches!(held, Ok(0))
    })
    .await?;
    let within = Duration::from_secs(10);
    wait_for("all that can be sold is sold", within, async || {
        try_join_all(buyers.iter_mut().map(Buyer::try_to_buy)).await?;
        let counts = counts(&sql).await?;
        anyhow::ensure!(counts == IN_THE_END, "{counts:?}");
        Ok(())
    })
    .await?;
    for replica in &world.replicas {
        assert_eq!(proved(replica).await?, (35, 0, 160));
    }
    let facts = std::mem::take(&mut *world.facts.lock().unwrap());
    facts.are_in(&sql).await?;
    gate_agrees(bench).await
}

async fn all<T: 'static>(mut tasks: JoinSet<anyhow::Result<T>>) -> anyhow::Result<Vec<T>> {
    let mut ended = Vec::new();
    while let Some(task) = tasks.join_next().await {
        ended.push(task??);
    }
    Ok(ended)
}
