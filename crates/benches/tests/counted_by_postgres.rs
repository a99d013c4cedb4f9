//! What is counted by PostgreSQL: durable commits by database, and heap-only updates.

use benches::commits::WriteAheadLog;
use benches::heap_only::Updates;
use local_servers::database::connect;
use test_stack::{Servers, TestDatabase};
use tokio_postgres::Client;

async fn database() -> anyhow::Result<(TestDatabase, Client)> {
    let database = TestDatabase::create("benches-counted", async |url| {
        let tables = "
            CREATE TABLE things (id int PRIMARY KEY, note text, ranked int) WITH (fillfactor = 50);
            CREATE INDEX things_by_rank ON things (ranked);
            CREATE TABLE dated (id int, note text) PARTITION BY RANGE (id);
            CREATE TABLE dated_1 PARTITION OF dated FOR VALUES FROM (0) TO (100);
            INSERT INTO things SELECT n, '', n FROM generate_series(1, 10) AS n;
            INSERT INTO dated VALUES (1, '')";
        Ok(connect(url).await?.batch_execute(tables).await?)
    });
    let database = database.await?;
    let client = connect(database.url()).await?;
    Ok((database, client))
}

#[tokio::test]
async fn commits_that_wrote_count_for_their_database() {
    let (one, in_one) = database().await.unwrap();
    let (other, in_other) = database().await.unwrap();
    let server = Servers::shared().await.unwrap();
    let log = WriteAheadLog::open(server.database_url()).await.unwrap();
    // Otherwise commits may not be flushed yet.
    for client in [&in_one, &in_other] {
        client
            .batch_execute("SET synchronous_commit = on")
            .await
            .unwrap();
    }
    let from = log.position().await.unwrap();
    for _ in 0..3 {
        in_one
            .batch_execute("UPDATE things SET note = 'a' WHERE id = 1")
            .await
            .unwrap();
        in_one
            .batch_execute("SELECT count(*) FROM things")
            .await
            .unwrap();
    }
    in_one
        .batch_execute("BEGIN; UPDATE things SET note = 'b' WHERE id = 1; ROLLBACK")
        .await
        .unwrap();
    let both = "BEGIN; UPDATE things SET note = 'c'; INSERT INTO dated VALUES (2, ''); COMMIT";
    in_other.batch_execute(both).await.unwrap();
    let to = log.position().await.unwrap();
    let written = log.written(&from, &to).await.unwrap();
    assert_eq!(written.commits.get(one.name()), Some(&3));
    assert_eq!(written.commits.get(other.name()), Some(&1));
    assert!(written.bytes > 0);
    assert!(log.written(&to, &to).await.unwrap().commits.is_empty());
}

#[tokio::test]
async fn updates_count_as_heap_only_unless_an_index_changes() {
    let (_database, client) = database().await.unwrap();
    for update in [
        "UPDATE things SET note = 'a' WHERE id = 1",
        "UPDATE things SET note = 'b' WHERE id = 2",
        "UPDATE things SET ranked = -1 WHERE id = 3",
        "UPDATE dated SET note = 'a'",
        "SELECT pg_stat_force_next_flush()",
    ] {
        client.batch_execute(update).await.unwrap();
    }
    let things = Updates::of(&client, "things").await.unwrap();
    assert_eq!((things.all, things.heap_only), (3, 2));
    assert!((things.share() - 2.0 / 3.0).abs() < 1e-9);
    let dated = Updates::of(&client, "dated").await.unwrap();
    assert_eq!((dated.all, dated.heap_only), (1, 1));
    let absent = Updates::of(&client, "absent").await.unwrap();
    assert!((absent.share() - 1.0).abs() < 1e-9);
}
