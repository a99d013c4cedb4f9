//! The table `imports`.

use deadpool_postgres::GenericClient;

use super::DbError;

/// Notes an import; `false` when one of this name was made before. The row keeps a second import of
/// the name waiting until this transaction ends.
///
/// # Errors
/// When the database does not answer.
pub async fn note(client: &impl GenericClient, name: &str, flights: i32) -> Result<bool, DbError> {
    let inserted = client
        .execute(
            "INSERT INTO imports (name, flight_count) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
            &[&name, &flights],
        )
        .await?;
    Ok(inserted == 1)
}

/// Whether an import of this name was made.
///
/// # Errors
/// When the database does not answer.
pub async fn is_known(client: &impl GenericClient, name: &str) -> Result<bool, DbError> {
    let row = client
        .query_opt("SELECT FROM imports WHERE name = $1", &[&name])
        .await?;
    Ok(row.is_some())
}
