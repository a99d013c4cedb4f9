//! SQL of the bookings database, one file per table. The inventory's tables belong to the inventory crate.

pub mod accounts;
pub mod bookings;
pub mod operations;
pub mod tickets;

mod embedded {
    refinery::embed_migrations!("../migrations/bookings");
}

use std::sync::Arc;

use deadpool_postgres::{Pool, Transaction};
use domain::PoolId;
use inventory::{CreateError, NewPool, create_pools};
use jiff::Timestamp;
use service_core::idempotency::{Answer, RequestKey, StoredResult, answers};
use service_core::migrations::MigrationSet;

use crate::names::POOL_KIND;

/// In the order in which they run.
#[must_use]
pub fn migrations() -> Vec<MigrationSet> {
    vec![
        inventory::migrations(),
        MigrationSet {
            history_table: "bookings_migrations",
            runner: embedded::migrations::runner(),
        },
        service_core::audit_log::migrations(),
        answers::migrations(),
    ]
}

#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// No connection from the pool.
    #[error("the database can't be reached")]
    Pool(#[from] deadpool_postgres::PoolError),
    #[error("the database failed or refused")]
    Query(#[from] tokio_postgres::Error),
    #[error("the connection pool can't be created")]
    NewPool(#[from] CreateError),
    /// A lookup before the write found the row that this constraint would refuse, so the server's log shows
    /// no failed statement.
    #[error("constraint {0} would refuse the write")]
    Taken(&'static str),
    /// The stored value of this column is unknown, for example because a newer version wrote it.
    #[error("{0} has a value that can't be read")]
    Unreadable(&'static str),
    /// The write queue is full (backpressure).
    #[error("the write queue is full")]
    Busy,
    /// The batch that contained this write failed.
    #[error("the batch failed")]
    Unwritten(#[source] Arc<DbError>),
    /// The batch's outcome is unknown.
    #[error("the batch's outcome is unknown")]
    BrokenOff,
}

impl DbError {
    /// The name of the constraint that refused the write.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Query(error) => error.as_db_error()?.constraint(),
            Self::Taken(constraint) => Some(constraint),
            _ => None,
        }
    }
}

/// The stored answer of an earlier request with this key, and the digest of that request.
pub async fn kept_answer(
    database: &Pool,
    key: &str,
) -> Result<Option<StoredResult<Answer>>, DbError> {
    let kept = answers::find(&database.get().await?, key).await?;
    Ok(kept.map(|((answer, _), digest)| (answer, digest)))
}

/// Stores the answer for replays, if the request has a key.
async fn keep_answer(
    transaction: &Transaction<'_>,
    key: Option<&RequestKey>,
    answer: &Answer,
) -> Result<(), DbError> {
    if let Some(key) = key {
        answers::keep(transaction, key, answer, None).await?;
    }
    Ok(())
}

/// Creates an inventory pool. Its id comes from a sequence and is never reused.
pub async fn create_pool(
    transaction: &Transaction<'_>,
    capacity: i32,
    starts_at: Option<Timestamp>,
) -> Result<PoolId, DbError> {
    let query = "SELECT nextval('pool_ids')";
    let statement = transaction.prepare_cached(query).await?;
    let id = PoolId(transaction.query_one(&statement, &[]).await?.try_get(0)?);
    let pool = NewPool {
        id,
        kind: POOL_KIND.to_owned(),
        capacity,
        already_sold: 0,
        layout: None,
        starts_at,
    };
    create_pools(transaction, vec![pool]).await?;
    Ok(id)
}

/// One value per item: the column that a statement unnests.
pub fn column<'a, T, U>(items: &'a [T], value: impl Fn(&'a T) -> U) -> Vec<U> {
    items.iter().map(value).collect()
}

/// The database's clock, which decides all deadlines.
pub async fn now(database: &Pool) -> Result<Timestamp, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached("SELECT clock_timestamp()").await?;
    Ok(client.query_one(&statement, &[]).await?.try_get(0)?)
}
