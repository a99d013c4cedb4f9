//! Redis is down, never answers, stops answering, or has lost everything: PostgreSQL decides alone, nobody
//! waits, and the gate returns when Redis does.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::Context as _;
use deadpool_redis::redis::cmd;
use domain::{HoldId, PoolId};
use futures_util::future::try_join_all;
use inventory::{Inventory, Refusal, Until};
use test_stack::{Proxy, wait_for};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::audit::{counts, gate_agrees, redis};
use crate::support::{Bench, COMMIT_TIMEOUT, held, hold, proved};

/// This many commands one after another, and about as many at once. If each waited for Redis, they would take
/// half a minute.
const COMMANDS: usize = 300;

/// Upper bound for all of them, on a busy machine.
const WITHIN: Duration = Duration::from_secs(20);

async fn bench() -> anyhow::Result<Bench> {
    let bench = Bench::new().await?;
    let capacity = i32::try_from(2 * COMMANDS)?;
    bench
        .create(&[(1, capacity, None), (2, 10_000, None)])
        .await?;
    Ok(bench)
}

/// Sells all of pool 1, and is then refused, whatever Redis does.
async fn sell_out(bench: &Bench, inventory: &Inventory) -> anyhow::Result<()> {
    let sell = async || held(inventory, hold(HoldId::generate(), &[1], 1, Until::Sold)?).await;
    let selling = async {
        for _ in 0..COMMANDS {
            sell().await??;
        }
        try_join_all((0..COMMANDS + 10).map(|_| sell())).await
    };
    let at_once = timeout(WITHIN, selling)
        .await
        .context("the commands wait for redis")??;
    let refusals: Vec<Refusal> = at_once.into_iter().filter_map(Result::err).collect();
    assert_eq!(refusals, [Refusal::SoldOut; 10]);
    proved(inventory).await?;
    let sold = i32::try_from(2 * COMMANDS)?;
    let counts = counts(&bench.sql().await?).await?;
    assert_eq!(counts.first(), Some(&(1, [0, 0, sold])));
    Ok(())
}

#[tokio::test]
async fn nothing_listens() -> anyhow::Result<()> {
    let bench = bench().await?;
    let nowhere = format!("redis://127.0.0.1:{}", local_servers::ports::free_port()?);
    let inventory = bench.replica_at(bench.database.url(), Some(&nowhere), COMMIT_TIMEOUT)?;
    sell_out(&bench, &inventory).await
}

#[tokio::test]
async fn redis_takes_connections_and_never_answers() -> anyhow::Result<()> {
    let bench = bench().await?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let silent = format!("redis://{}", listener.local_addr()?);
    let taking = tokio::spawn(async move {
        let mut taken = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            taken.push(connection);
        }
    });
    let inventory = bench.replica_at(bench.database.url(), Some(&silent), COMMIT_TIMEOUT)?;
    sell_out(&bench, &inventory).await?;
    taking.abort();
    Ok(())
}

/// Waits until the gate counts: a sale appears in its key, which lives for a second.
async fn gate_counts(bench: &Bench, inventory: &Inventory) -> anyhow::Result<()> {
    let key = bench.gate(&bench.pool()?)?.key(PoolId(2));
    let mut redis = redis(bench).await?;
    let within = Duration::from_secs(5);
    wait_for("the gate counts", within, async || {
        held(inventory, hold(HoldId::generate(), &[2], 1, Until::Sold)?).await??;
        let known: Option<i32> = cmd("HGET")
            .arg(&key)
            .arg("free")
            .query_async(&mut redis)
            .await?;
        known.map(|_| ()).context("no count")
    })
    .await?;
    gate_agrees(bench).await
}

#[tokio::test]
async fn redis_stops_answering_and_answers_again() -> anyhow::Result<()> {
    let bench = bench().await?;
    let proxy = Proxy::before(&bench.redis_url).await?;
    let inventory = bench.replica_at(bench.database.url(), Some(proxy.url()), COMMIT_TIMEOUT)?;
    gate_counts(&bench, &inventory).await?;
    proxy.accept_new(false);
    proxy.silence();
    sell_out(&bench, &inventory).await?;
    proxy.accept_new(true);
    proxy.cut();
    gate_counts(&bench, &inventory).await
}

#[tokio::test]
async fn redis_is_killed_and_comes_back_empty() -> anyhow::Result<()> {
    let mut server = local_servers::redis::Server::temporary().await?;
    let mut bench = Bench::new().await?;
    bench.redis_url = server.url();
    bench.create(&[(2, 10_000, None)]).await?;
    let inventory = bench.replica(true)?;
    gate_counts(&bench, &inventory).await?;
    for _ in 0..2 {
        server.kill().await?;
        held(&inventory, hold(HoldId::generate(), &[2], 1, Until::Sold)?).await??;
        server.restart().await?;
        gate_counts(&bench, &inventory).await?;
    }
    Ok(())
}
