//! Which database errors are transient.

use std::time::Duration;

use service_core::database::is_transient;
use test_stack::{TestDatabase, wait_until};
use tokio_postgres::{Client, NoTls};

const SOON: Duration = Duration::from_secs(30);

async fn connect(database: &TestDatabase) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(database.url(), NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

#[tokio::test]
async fn only_what_may_pass_is_transient() -> anyhow::Result<()> {
    let database = TestDatabase::create("empty", async |_| Ok(())).await?;
    let client = connect(&database).await?;
    // A bug of ours: a retry can't help.
    let wrong_type = client.query("SELECT $1::int4", &[&"text"]).await;
    assert!(!is_transient(&wrong_type.unwrap_err()));
    let row = client.query_one("SELECT 'text'", &[]).await?;
    assert!(!is_transient(&row.try_get::<_, i32>(0).unwrap_err()));
    let no_table = client.query("SELECT FROM nothing", &[]).await;
    assert!(!is_transient(&no_table.unwrap_err()));

    let too_slow = "SET statement_timeout = '10ms'; SELECT pg_sleep(60)";
    let too_slow = client.batch_execute(too_slow).await;
    assert!(is_transient(&too_slow.unwrap_err()));
    let other = connect(&database).await?;
    let own_id = client.query_one("SELECT pg_backend_pid()", &[]).await?;
    let own_id: i32 = own_id.try_get(0)?;
    other
        .execute("SELECT pg_terminate_backend($1)", &[&own_id])
        .await?;
    wait_until("the connection is closed", SOON, async || {
        client.is_closed()
    })
    .await?;
    let cut_off = client.query("SELECT 1", &[]).await;
    assert!(is_transient(&cut_off.unwrap_err()));
    Ok(())
}
