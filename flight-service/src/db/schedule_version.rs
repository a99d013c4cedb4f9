//! The table `schedule_version`.

use deadpool_postgres::GenericClient;

use super::DbError;

/// The schedule's version.
///
/// # Errors
/// When the database does not answer.
pub async fn current(client: &impl GenericClient) -> Result<i64, DbError> {
    let statement = client
        .prepare_cached("SELECT version FROM schedule_version")
        .await?;
    Ok(client.query_one(&statement, &[]).await?.try_get(0)?)
}

/// Raises it: every replica reads the schedule again.
///
/// # Errors
/// When the database does not answer.
pub async fn raise(client: &impl GenericClient) -> Result<(), DbError> {
    client
        .execute("UPDATE schedule_version SET version = version + 1", &[])
        .await?;
    Ok(())
}
