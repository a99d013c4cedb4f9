//! Pools against a real server, and against one that falls silent.

use std::time::Duration;

use anyhow::Context as _;
use deadpool_postgres::{Client, Pool};
use futures_util::StreamExt as _;
use service_core::connections::{Limits, connect, is_transient, pool};
use test_stack::{Proxy, Servers, wait_until};
use tokio::time::{Instant, timeout};

/// Longer than any statement of these tests.
const SILENCE: Duration = Duration::from_secs(3);

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    read_timeout: SILENCE,
};

/// Upper bound for what happens at once.
const SOON: Duration = Duration::from_secs(2);

async fn pool_at(url: &str) -> anyhow::Result<Pool> {
    Ok(pool(&url.parse()?, LIMITS, 1)?)
}

async fn server() -> anyhow::Result<&'static str> {
    Ok(Servers::shared().await?.database_url())
}

/// The process id of the server's backend.
async fn backend(client: &Client) -> anyhow::Result<i32> {
    let row = client.query_one("SELECT pg_backend_pid()", &[]).await?;
    Ok(row.try_get(0)?)
}

#[tokio::test]
async fn a_connection_is_used_again() -> anyhow::Result<()> {
    let pool = pool_at(server().await?).await?;
    let first = backend(&pool.get().await?).await?;
    let mut client = pool.get().await?;
    assert_eq!(backend(&client).await?, first);
    // A dropped transaction is rolled back; an error leaves the connection usable.
    drop(client.transaction().await?);
    client.query_one("SELECT 1 / 0", &[]).await.unwrap_err();
    drop(client);
    assert_eq!(backend(&pool.get().await?).await?, first);
    Ok(())
}

#[tokio::test]
async fn a_cancelled_statement_takes_its_connection_with_it() -> anyhow::Result<()> {
    let pool = pool_at(server().await?).await?;
    let first = {
        let client = pool.get().await?;
        let first = backend(&client).await?;
        let slow = client.batch_execute("SELECT pg_sleep(60)");
        timeout(Duration::from_millis(50), slow).await.unwrap_err();
        first
    };
    let client = timeout(SOON, pool.get()).await??;
    let next = timeout(SOON, backend(&client)).await??;
    assert_ne!(next, first);
    // The server detects the disconnect too, and ends the abandoned statement.
    wait_until(
        "the statement is over",
        Duration::from_secs(10),
        async || {
            let alive = "SELECT 1 FROM pg_stat_activity WHERE pid = $1";
            client.query_opt(alive, &[&first]).await.unwrap().is_none()
        },
    )
    .await
}

#[tokio::test]
async fn a_transaction_that_was_left_open_takes_its_connection_with_it() -> anyhow::Result<()> {
    let pool = pool_at(server().await?).await?;
    let first = {
        let client = pool.get().await?;
        client.batch_execute("BEGIN").await?;
        backend(&client).await?
    };
    assert_ne!(backend(&pool.get().await?).await?, first);
    Ok(())
}

#[tokio::test]
async fn a_connection_to_a_server_that_only_reads_is_not_kept() -> anyhow::Result<()> {
    let pool = pool_at(server().await?).await?;
    let first = {
        let client = pool.get().await?;
        client
            .batch_execute("SET default_transaction_read_only = on")
            .await?;
        let refused = client.batch_execute("CREATE TABLE never (id int)").await;
        let refused = refused.unwrap_err();
        assert!(is_transient(&refused), "{refused:?}");
        backend(&client).await?
    };
    assert_ne!(backend(&pool.get().await?).await?, first);

    let mut config: tokio_postgres::Config = server().await?.parse()?;
    config.options("-c default_transaction_read_only=on");
    let pool = service_core::connections::pool(&config, LIMITS, 1)?;
    let refused = pool.get().await.err().context("it only reads")?;
    assert!(
        format!("{refused:?}").contains("does not allow writes"),
        "{refused:?}"
    );
    Ok(())
}

#[tokio::test]
async fn nobody_waits_for_a_server_that_falls_silent() -> anyhow::Result<()> {
    let proxy = Proxy::before(server().await?).await?;
    let pool = pool_at(proxy.url()).await?;
    let client = pool.get().await?;
    backend(&client).await?;
    proxy.silence();
    let asked_at = Instant::now();
    let unanswered = timeout(SILENCE * 3, client.query_one("SELECT 1", &[])).await?;
    let error = unanswered.unwrap_err();
    assert!(is_transient(&error), "{error:?}");
    assert!(asked_at.elapsed() >= SILENCE);
    drop(client);
    let client = pool.get().await?;
    backend(&client).await?;
    Ok(())
}

#[tokio::test]
async fn slow_statements_are_waited_for_and_idle_connections_kept() -> anyhow::Result<()> {
    let pool = pool_at(server().await?).await?;
    let client = pool.get().await?;
    let first = backend(&client).await?;
    client.batch_execute("SELECT pg_sleep(2)").await?;
    // Every byte counts as a sign of life: this statement takes longer than the silence limit in all.
    let slow_rows = "SELECT repeat('x', 9000), pg_sleep(0.5) FROM generate_series(1, 9)";
    assert_eq!(client.query(slow_rows, &[]).await?.len(), 9);
    tokio::time::sleep(SILENCE + Duration::from_secs(1)).await;
    assert_eq!(backend(&client).await?, first);
    Ok(())
}

#[tokio::test]
async fn a_connection_beside_the_pools_ends_when_its_server_falls_silent() -> anyhow::Result<()> {
    let proxy = Proxy::before(server().await?).await?;
    let (client, mut messages) = connect(&proxy.url().parse()?, LIMITS).await?;
    tokio::select! {
        asked = client.batch_execute("LISTEN something") => asked?,
        _ = messages.next() => anyhow::bail!("nothing was announced"),
    }
    proxy.silence();
    let asked = tokio::spawn(async move { client.batch_execute("").await });
    let ended = async { while messages.next().await.is_some() {} };
    timeout(SILENCE * 3, ended).await?;
    drop(messages);
    assert!(asked.await?.is_err());
    Ok(())
}
