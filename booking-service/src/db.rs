//! The tables of bookings, events and ticket options, one file each; SQL only here. The inventory's
//! tables are the inventory crate's.

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
use service_core::idempotency::{Answer, Kept, RequestKey, answers};
use service_core::migrations::MigrationSet;

use crate::names::POOL_KIND;

/// The migrations of the bookings database, in order.
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

/// Why rows could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// No connection could be had.
    #[error("the database can't be reached")]
    Pool(#[from] deadpool_postgres::PoolError),
    /// The database failed or refused.
    #[error("the database refused")]
    Query(#[from] tokio_postgres::Error),
    /// A pool can't be made.
    #[error("the pool can't be made")]
    NewPool(#[from] CreateError),
    /// It was looked up before it was written: this constraint would refuse it. So the server has nothing to log.
    #[error("{0} would refuse it")]
    Taken(&'static str),
    /// A stored value is not one that this service writes.
    #[error("{0} has a value that can't be read")]
    Unreadable(&'static str),
    /// More waits to be written than can be soon.
    #[error("too much waits to be written")]
    Busy,
    /// The batch, in which this was, failed.
    #[error("the write failed")]
    Unwritten(#[source] Arc<DbError>),
    /// The batch, in which this was, broke off without an answer.
    #[error("the write broke off")]
    BrokenOff,
}

impl DbError {
    /// The constraint that refused, if one did.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Query(error) => error.as_db_error()?.constraint(),
            Self::Taken(constraint) => Some(constraint),
            _ => None,
        }
    }
}

/// What an earlier request with this key was answered.
///
/// # Errors
/// When the database does not answer.
pub async fn kept_answer(database: &Pool, key: &str) -> Result<Option<Kept<Answer>>, DbError> {
    let kept = answers::find(&database.get().await?, key).await?;
    Ok(kept.map(|((answer, _), digest)| (answer, digest)))
}

/// Keeps the answer to a request, if it has a key.
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

/// Makes a pool of so many units of this service, under an id that no other has or had.
///
/// # Errors
/// When the database does not answer.
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

/// One value of each of several things: a column of the rows that are written of them.
pub fn column<'a, T, U>(items: &'a [T], value: impl Fn(&'a T) -> U) -> Vec<U> {
    items.iter().map(value).collect()
}

/// The database's clock, which all deadlines go by.
///
/// # Errors
/// When the database does not answer.
pub async fn now(database: &Pool) -> Result<Timestamp, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached("SELECT clock_timestamp()").await?;
    Ok(client.query_one(&statement, &[]).await?.try_get(0)?)
}
