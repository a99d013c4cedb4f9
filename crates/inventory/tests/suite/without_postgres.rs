//! PostgreSQL is killed in the middle of sales: nothing is acknowledged while it is down, and everything
//! acknowledged before survives.

use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::HoldId;
use inventory::{Command, Inventory, InventoryError};
use local_servers::postgres::{Durability, Server};
use test_stack::{wait_for, wait_until};
use tokio::task::JoinSet;

use crate::audit::{counts, gate_agrees};
use crate::buyers::{Buyer, Wish};
use crate::caller::{Caller, World};
use crate::random::{chance, with_seeds};
use crate::support::{Bench, proved};

const CAPACITY: i32 = 150;
const BUYERS: u64 = 160;

/// Short, so that callers give up on the dead server soon.
const COMMIT_TIMEOUT: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_killed_and_comes_back() -> anyhow::Result<()> {
    with_seeds(&[1], run).await
}

async fn run(seed: u64) -> anyhow::Result<()> {
    let mut server = Server::temporary(Durability::Fast).await?;
    let bench = Bench::on(&server.url("postgres")).await?;
    bench.create(&[(1, CAPACITY, None)]).await?;
    // As in production: an answered commit survives the server's processes.
    let database = bench.database.name();
    let durable = format!("ALTER DATABASE {database} SET synchronous_commit = on");
    bench.sql().await?.batch_execute(&durable).await?;
    let replica = || bench.replica_at(bench.database.url(), Some(&bench.redis_url), COMMIT_TIMEOUT);
    let world = World::new([replica()?, replica()?]);
    let mut buyers = JoinSet::new();
    for number in 0..BUYERS {
        let caller = Caller::new(&world, chance(seed, number));
        buyers.spawn(Buyer::new(caller, Wish::Units(vec![1], 1)).run());
    }
    let what = "buyers are answered";
    wait_until(what, Duration::from_secs(20), async || {
        world.answers.load(Ordering::SeqCst) >= 60
    })
    .await?;
    server.kill().await?;
    for replica in &world.replicas {
        nobody_is_told_anything(replica).await?;
    }
    server.restart().await?;
    let sql = bench.sql().await?;
    wait_for("all is sold", Duration::from_secs(20), async || {
        let counts = counts(&sql).await?;
        anyhow::ensure!(counts == [(1, [0, 0, CAPACITY])], "{counts:?}");
        anyhow::Ok(())
    })
    .await?;
    world.is_over.store(true, Ordering::SeqCst);
    let mut happy = 0;
    while let Some(buyer) = buyers.join_next().await {
        happy += i32::from(buyer??.has_bought);
    }
    assert_eq!(happy, CAPACITY);
    proved(&world.replicas[0]).await?;
    let facts = std::mem::take(&mut *world.facts.lock().unwrap());
    facts.are_in(&sql).await?;
    gate_agrees(&bench).await
}

async fn nobody_is_told_anything(inventory: &Inventory) -> anyhow::Result<()> {
    let hold = HoldId::generate();
    let asked = Command::Sweep { hold };
    let answer = inventory.command(asked).verdict().await;
    let has_no_verdict = matches!(
        answer,
        Err(InventoryError::Busy | InventoryError::Unavailable(_))
    );
    anyhow::ensure!(has_no_verdict, "{answer:?}");
    Ok(())
}
