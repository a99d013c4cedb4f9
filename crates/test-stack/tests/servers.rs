//! The servers as tests use them: a database per test, and servers that are killed and restarted.

use std::time::Duration;

use local_servers::database::{connect, exists};
use local_servers::postgres::Durability;
use test_stack::{PrivateServers, Servers, TestDatabase, wait_for};

async fn migrate(url: &str) -> anyhow::Result<()> {
    let client = connect(url).await?;
    client
        .batch_execute(
            "CREATE TABLE seat (number text PRIMARY KEY); INSERT INTO seat VALUES ('A1')",
        )
        .await?;
    Ok(())
}

async fn seats(url: &str) -> anyhow::Result<i64> {
    let row = connect(url)
        .await?
        .query_one("SELECT count(*) FROM seat", &[])
        .await?;
    Ok(row.get(0))
}

#[tokio::test]
async fn tests_share_a_server_but_no_database() -> anyhow::Result<()> {
    let one = TestDatabase::create("seats-1", migrate).await?;
    let other = TestDatabase::create("seats-1", async |_: &str| {
        anyhow::bail!("the template is made once")
    })
    .await?;
    connect(one.url())
        .await?
        .batch_execute("INSERT INTO seat VALUES ('A2')")
        .await?;
    assert_eq!(seats(one.url()).await?, 2);
    assert_eq!(seats(other.url()).await?, 1);

    let servers = Servers::shared().await?;
    assert_ne!(servers.unique_key_prefix(), servers.unique_key_prefix());

    let name = one.name().to_owned();
    let in_use = connect(one.url()).await?;
    drop(one);
    let server = connect(servers.database_url()).await?;
    assert!(!exists(&server, &name).await?);
    assert!(in_use.query("SELECT 1", &[]).await.is_err());
    Ok(())
}

#[tokio::test]
async fn an_incomplete_template_is_rebuilt() -> anyhow::Result<()> {
    let failed = TestDatabase::create("broken-1", async |url: &str| {
        migrate(url).await?;
        anyhow::bail!("the last migration fails")
    })
    .await;
    let error = format!("{:#}", failed.expect_err("the migration failed"));
    assert!(error.contains("broken-1"), "{error}");
    assert!(error.contains("the last migration fails"), "{error}");

    let database = TestDatabase::create("broken-1", migrate).await?;
    assert_eq!(seats(database.url()).await?, 1);
    Ok(())
}

#[tokio::test]
async fn concurrent_tests_make_one_template() -> anyhow::Result<()> {
    let made = std::sync::atomic::AtomicUsize::new(0);
    let clones = (0..8).map(|_| {
        TestDatabase::create("crowd-1", async |url: &str| {
            made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            migrate(url).await
        })
    });
    for database in futures_util::future::try_join_all(clones).await? {
        assert_eq!(seats(database.url()).await?, 1);
    }
    assert_eq!(made.into_inner(), 1);
    Ok(())
}

#[tokio::test]
async fn a_killed_postgres_comes_back_with_its_data() -> anyhow::Result<()> {
    let mut servers = PrivateServers::start(Durability::Durable).await?;
    let url = servers.postgres.url("postgres");
    let database = TestDatabase::create_on(&url, "seats-1", migrate).await?;
    let before = servers.postgres.identity();

    servers.postgres.kill().await?;
    assert!(connect(database.url()).await.is_err());
    servers.postgres.restart().await?;
    assert_ne!(servers.postgres.identity(), before);
    assert_eq!(seats(database.url()).await?, 1);

    // Once more, after an orderly stop.
    servers.postgres.stop().await?;
    servers.postgres.restart().await?;
    assert_eq!(seats(database.url()).await?, 1);

    let port = servers.redis.port();
    servers.redis.kill().await?;
    assert!(!local_servers::redis::answers("127.0.0.1", port).await);
    servers.redis.restart().await?;
    assert!(local_servers::redis::answers("127.0.0.1", port).await);
    drop(database);
    servers.stop().await
}

#[tokio::test]
async fn a_server_ends_when_it_is_dropped() -> anyhow::Result<()> {
    let servers = PrivateServers::start(Durability::Fast).await?;
    let processes = [servers.postgres.identity(), servers.redis.identity()];
    let log = servers.postgres.log().to_owned();
    drop(servers);
    wait_for("both have ended", Duration::from_secs(20), async || {
        let alive = processes.iter().flatten().filter(|one| one.is_alive());
        match alive.count() {
            0 if !log.exists() => Ok(()),
            count => Err(format!("{count} alive, log there: {}", log.exists())),
        }
    })
    .await
}
