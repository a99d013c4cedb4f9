//! The table of the idempotency keys that put flights into the schedule.

use deadpool_postgres::{GenericClient, Pool};
use domain::FlightId;
use service_core::idempotency::{Kept, RequestKey};

use super::DbError;

/// The flight that an earlier request with this key added, if there was one.
///
/// # Errors
/// When the database does not answer.
pub async fn find(database: &Pool, key: &str) -> Result<Option<Kept<FlightId>>, DbError> {
    let query = "SELECT flight_id, request_digest FROM flight_keys WHERE idempotency_key = $1";
    let client = database.get().await?;
    let statement = client.prepare_cached(query).await?;
    let row = client.query_opt(&statement, &[&key]).await?;
    row.map(|row| Ok((FlightId(row.try_get(0)?), row.try_get(1)?)))
        .transpose()
}

/// Keeps a key with its flight. An earlier request with it is waited for.
///
/// # Errors
/// When there was one, or the database does not answer.
pub async fn insert(
    client: &impl GenericClient,
    key: &RequestKey,
    flight: FlightId,
) -> Result<(), DbError> {
    let query =
        "INSERT INTO flight_keys (idempotency_key, request_digest, flight_id) VALUES ($1, $2, $3)";
    let statement = client.prepare_cached(query).await?;
    client
        .execute(&statement, &[&key.key, &key.digest.as_slice(), &flight.0])
        .await?;
    Ok(())
}
