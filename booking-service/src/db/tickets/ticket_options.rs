use deadpool_postgres::Pool;
use domain::PoolId;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::db::DbError;
use crate::db::create_pool;
use crate::model::ticket_option::{NewTicketOption, TicketOption};

const INSERT: &str = "
    INSERT INTO ticket_options (id, pool_id, name, description, idempotency_key, request_digest)
    VALUES ($1, $2, $3, $4, $5, $6)";

const FIND: &str = "
    SELECT option.id, option.name, option.description, pool.capacity
    FROM ticket_options option JOIN pools pool ON pool.id = option.pool_id
    WHERE option.id = $1";

const FIND_BY_KEY: &str = "
    SELECT option.id, option.name, option.description, pool.capacity, option.request_digest
    FROM ticket_options option JOIN pools pool ON pool.id = option.pool_id
    WHERE option.idempotency_key = $1";

/// Adds a ticket option with its pool. Fails if its idempotency key exists.
pub async fn insert(database: &Pool, id: Uuid, new: &NewTicketOption) -> Result<(), DbError> {
    let mut client = database.get().await?;
    let transaction = client.transaction().await?;
    let pool = create_pool(&transaction, new.allocation, None).await?;
    let statement = transaction.prepare_cached(INSERT).await?;
    let (name, description) = (new.name.as_str(), new.description.as_str());
    let key = new.key.as_ref().map(|key| key.key.as_str());
    let digest = new.key.as_ref().map(|key| key.digest.as_slice());
    let row: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
        [&id, &pool.0, &name, &description, &key, &digest];
    transaction.execute(&statement, &row).await?;
    transaction.commit().await?;
    Ok(())
}

pub async fn find(database: &Pool, id: Uuid) -> Result<Option<TicketOption>, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(FIND).await?;
    let row = client.query_opt(&statement, &[&id]).await?;
    row.as_ref().map(option_of).transpose()
}

/// The ticket option made under this key, and the digest of its request.
pub async fn find_by_key(
    database: &Pool,
    key: &str,
) -> Result<Option<(TicketOption, Option<Vec<u8>>)>, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(FIND_BY_KEY).await?;
    let row = client.query_opt(&statement, &[&key]).await?;
    row.map(|row| Ok((option_of(&row)?, row.try_get(4)?)))
        .transpose()
}

/// The pool that counts a ticket option's units.
pub async fn pool(database: &Pool, id: Uuid) -> Result<Option<PoolId>, DbError> {
    let client = database.get().await?;
    let query = "SELECT pool_id FROM ticket_options WHERE id = $1";
    let statement = client.prepare_cached(query).await?;
    let row = client.query_opt(&statement, &[&id]).await?;
    row.map(|row| Ok(PoolId(row.try_get(0)?))).transpose()
}

fn option_of(row: &Row) -> Result<TicketOption, DbError> {
    Ok(TicketOption {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        description: row.try_get(2)?,
        allocation: row.try_get(3)?,
    })
}
