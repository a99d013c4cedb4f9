//! The table of the idempotency keys that put flights into the schedule.

use deadpool_postgres::GenericClient;
use domain::FlightId;
use service_kit::extract::RequestKey;

use super::DbError;

/// What an earlier request with a key did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// The flight that it added.
    pub flight: FlightId,
    /// Of its body.
    pub digest: Vec<u8>,
}

/// What an earlier request with this key did, if there was one.
///
/// # Errors
/// When the database does not answer.
pub async fn find(client: &impl GenericClient, key: &str) -> Result<Option<Earlier>, DbError> {
    let query = "SELECT flight_id, request_digest FROM flight_keys WHERE idempotency_key = $1";
    let statement = client.prepare_cached(query).await?;
    let row = client.query_opt(&statement, &[&key]).await?;
    row.map(|row| {
        Ok(Earlier {
            flight: FlightId(row.try_get(0)?),
            digest: row.try_get(1)?,
        })
    })
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
