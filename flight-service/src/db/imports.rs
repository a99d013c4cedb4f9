//! The table `imports`.

use deadpool_postgres::GenericClient;

use super::DbError;

/// Records an import; `false` if one of this name exists. The row makes a concurrent import of the same name
/// wait until this transaction ends.
pub async fn note(client: &impl GenericClient, name: &str, flights: i32) -> Result<bool, DbError> {
    let inserted = client
        .execute(
            "INSERT INTO imports (name, flight_count) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
            &[&name, &flights],
        )
        .await?;
    Ok(inserted == 1)
}

pub async fn is_known(client: &impl GenericClient, name: &str) -> Result<bool, DbError> {
    let row = client
        .query_opt("SELECT FROM imports WHERE name = $1", &[&name])
        .await?;
    Ok(row.is_some())
}
