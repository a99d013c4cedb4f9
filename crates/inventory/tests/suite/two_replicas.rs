//! Two replicas over one PostgreSQL and one Redis, with things broken in the middle. A seed decides
//! what happens; a failure prints it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::HoldId;
use inventory::{Inventory, Refusal, Until};
use stack::testing::wait_until;
use tokio_postgres::NoTls;

use crate::support::{Bench, held, hold, proved};

/// Ends every other connection to this database, as a crash of the network would.
async fn cut_connections(url: &str) -> anyhow::Result<()> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    client
        .execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
            &[],
        )
        .await?;
    Ok(())
}

/// Asks for one unit until it is had or sold out, with one id: an answer that was lost is asked again.
async fn buy(inventory: &Inventory, sold: &AtomicUsize) -> anyhow::Result<()> {
    let id = HoldId::random();
    for _ in 0..200 {
        match held(inventory, hold(id, &[1], 1, Until::Sold)?).await {
            Ok(Ok(_)) => {
                sold.fetch_add(1, Ordering::Relaxed);
                return Ok(());
            }
            Ok(Err(Refusal::SoldOut)) => return Ok(()),
            Ok(Err(other)) => anyhow::bail!("refused: {other}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    anyhow::bail!("no answer after many tries")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_the_capacity_is_sold_while_connections_are_cut() -> anyhow::Result<()> {
    const CAPACITY: i32 = 300;
    const BUYERS: usize = 400;
    let bench = Bench::new().await?;
    bench.create(&[(1, CAPACITY, None)]).await?;
    let replicas = [bench.replica(true)?, bench.replica(true)?];
    let sold = Arc::new(AtomicUsize::new(0));
    let buyers: Vec<_> = (0..BUYERS)
        .map(|index| {
            let (replica, sold) = (Arc::clone(&replicas[index % 2]), Arc::clone(&sold));
            tokio::spawn(async move { buy(&replica, &sold).await })
        })
        .collect();
    for _ in 0..5 {
        cut_connections(bench.database.url()).await?;
        tokio::task::yield_now().await;
    }
    for buyer in buyers {
        buyer.await??;
    }
    // Whoever was refused asks again once the gate's second is over.
    wait_until(
        "the last unit is sold",
        Duration::from_secs(10),
        async || {
            buy(&replicas[0], &sold).await.ok();
            sold.load(Ordering::Relaxed) >= CAPACITY as usize
        },
    )
    .await?;
    assert_eq!(sold.load(Ordering::Relaxed), CAPACITY as usize);
    assert_eq!(proved(&replicas[1]).await?, (0, 0, i64::from(CAPACITY)));
    Ok(())
}
