//! A slow payment provider under concurrent bookings at two replicas: no deadlock.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use futures_util::future::try_join_all;
use test_stack::{Servers, wait_for};

use crate::databases::Databases;
use crate::pair::Pair;
use crate::world::SETTLED_WITHIN;

const BOOKINGS: usize = 60;

/// Timeout for PostgreSQL to notice disconnected clients and report their statistics.
const COUNTED_WITHIN: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_slow_provider_causes_no_deadlock() -> anyhow::Result<()> {
    let pair = Pair::start(Databases::create().await?, "2s").await?;
    let booked = book(&pair).await;
    let logs = pair.logs();
    let cluster = pair.end().await?;
    booked.with_context(|| logs)?;

    // Connections report their statistics when they end.
    let server = local_servers::database::connect(Servers::shared().await?.database_url()).await?;
    for database in [&cluster.databases.bookings, &cluster.databases.payments] {
        let deadlocks = wait_for("nobody is connected", COUNTED_WITHIN, async || {
            let row = server
                .query_one(
                    "SELECT numbackends, deadlocks FROM pg_stat_database WHERE datname = $1",
                    &[&database.name()],
                )
                .await?;
            ensure!(row.try_get::<_, i32>(0)? == 0, "{row:?}");
            Ok::<i64, anyhow::Error>(row.try_get(1)?)
        })
        .await?;
        ensure!(deadlocks == 0, "{deadlocks} in {}", database.name());
    }
    Ok(())
}

/// Everybody books concurrently, and is confirmed.
async fn book(pair: &Pair) -> anyhow::Result<()> {
    let event = pair.event().await?;
    let customers = pair.customers("slow", BOOKINGS, &event).await?;
    let booked = customers.iter().map(async |customer| {
        let answer = customer.at.retry(&customer.call).await?;
        ensure!(answer.status < 300, "{answer:?}");
        if customer.wants_tickets {
            let paid = wait_for("tickets are paid", SETTLED_WITHIN, async || {
                pair.are_paid(&answer).await
            });
            paid.await?;
        } else {
            ensure!(answer.body["status"] == "confirmed", "{answer:?}");
        }
        Ok(())
    });
    try_join_all(booked).await?;
    wait_for("everything adds up", SETTLED_WITHIN, async || {
        pair.is_settled().await
    })
    .await
}
