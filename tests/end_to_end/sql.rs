//! What no call shows.

use test_stack::TestDatabase;
use tokio_postgres::Client;

/// A connection to a database.
pub async fn connect(database: &TestDatabase) -> anyhow::Result<Client> {
    Ok(local_servers::database::connect(database.url()).await?)
}

/// A count that a query answers.
pub async fn count(database: &TestDatabase, query: &str) -> anyhow::Result<i64> {
    count_by(&connect(database).await?, query).await
}

/// The same over a connection, for those who ask often.
pub async fn count_by(sql: &Client, query: &str) -> anyhow::Result<i64> {
    Ok(sql.query_one(query, &[]).await?.try_get(0)?)
}
