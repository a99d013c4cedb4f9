//! The table `charges`: charges, and the tombstones of closed keys.
//!
//! Both compete for their key in one unique constraint, so a key has a charge or a tombstone, never both. A
//! charge ends in one statement, guarded by its status, so it ends once.

mod batch;
mod columns;
mod new_charge;
mod row;

use std::time::Duration;

use deadpool_postgres::GenericClient;
use domain::{Money, PaymentId};
use uuid::Uuid;

pub use self::batch::{Completion, end, insert};
pub use self::new_charge::{NewCharge, Start};
pub(super) use self::row::money;
use self::row::{fetch, read};
use super::DbError;
use crate::charge::Charge;

/// What a key is bound to.
#[derive(Clone, Debug)]
pub enum KeyBinding {
    /// The charge that the key made.
    Charge(Box<Charge>),
    /// A tombstone: the key has made no charge, and never will.
    Closed,
}

macro_rules! columns {
    () => {
        "payment_id, status, kind, booking_ref, user_ref, amount_minor, currency, payment_type, \
         reference, payment_code, code, message, refunded_minor, idempotency_key, request_digest, \
         attempt, lease_expires_at <= clock_timestamp() AS lease_expired, created_at, ended_at"
    };
}

pub async fn by_id(client: &impl GenericClient, id: PaymentId) -> Result<Option<Charge>, DbError> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM charges WHERE payment_id = $1 AND status <> 'closed'"
    );
    fetch(client, SQL, &[&id.0]).await
}

/// Locks the row (`FOR UPDATE`) until the transaction ends.
pub async fn lock(client: &impl GenericClient, id: PaymentId) -> Result<Option<Charge>, DbError> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM charges WHERE payment_id = $1 AND status <> 'closed' FOR UPDATE"
    );
    fetch(client, SQL, &[&id.0]).await
}

/// `None` if the key was never used.
pub async fn by_key(client: &impl GenericClient, key: &str) -> Result<Option<KeyBinding>, DbError> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM charges WHERE idempotency_key = $1"
    );
    let statement = client.prepare_cached(SQL).await?;
    let Some(row) = client.query_opt(&statement, &[&key]).await? else {
        return Ok(None);
    };
    if row.try_get::<_, &str>("status")? == "closed" {
        Ok(Some(KeyBinding::Closed))
    } else {
        Ok(Some(KeyBinding::Charge(Box::new(read(&row)?))))
    }
}

/// Writes a tombstone; `false` if the key has a charge or a tombstone already.
pub async fn close_key(client: &impl GenericClient, key: &str) -> Result<bool, DbError> {
    const SQL: &str = "INSERT INTO charges (payment_id, status, idempotency_key, ended_at) \
         VALUES ($1, 'closed', $2, clock_timestamp()) \
         ON CONFLICT ON CONSTRAINT charges_idempotency_key DO NOTHING";
    let statement = client.prepare_cached(SQL).await?;
    let inserted = client.execute(&statement, &[&Uuid::now_v7(), &key]).await?;
    Ok(inserted == 1)
}

/// Moves an expired lease to this caller; `None` if another took the charge over, or it has ended.
pub async fn take_over(
    client: &impl GenericClient,
    id: PaymentId,
    attempt: i32,
    lease: Duration,
) -> Result<Option<Charge>, DbError> {
    const SQL: &str = concat!(
        "UPDATE charges SET attempt = attempt + 1, \
             lease_expires_at = clock_timestamp() + make_interval(secs => $3) \
         WHERE payment_id = $1 AND status = 'processing' AND attempt = $2 \
             AND lease_expires_at <= clock_timestamp() \
         RETURNING ",
        columns!()
    );
    fetch(client, SQL, &[&id.0, &attempt, &lease.as_secs_f64()]).await
}

/// Ends an attempt's lease early: its outcome is unknown, and the next attempt may start at once.
pub async fn release_lease(
    client: &impl GenericClient,
    id: PaymentId,
    attempt: i32,
) -> Result<(), DbError> {
    const SQL: &str = "UPDATE charges SET lease_expires_at = clock_timestamp() \
         WHERE payment_id = $1 AND status = 'processing' AND attempt = $2";
    let statement = client.prepare_cached(SQL).await?;
    client.execute(&statement, &[&id.0, &attempt]).await?;
    Ok(())
}

/// Adds a refund to the total of a locked charge.
///
/// # Errors
/// Also a CHECK violation, if the refunds would exceed the charge.
pub async fn add_refund(
    client: &impl GenericClient,
    id: PaymentId,
    amount: Money,
) -> Result<(), DbError> {
    const SQL: &str =
        "UPDATE charges SET refunded_minor = refunded_minor + $2 WHERE payment_id = $1";
    let statement = client.prepare_cached(SQL).await?;
    client
        .execute(&statement, &[&id.0, &amount.minor()])
        .await?;
    Ok(())
}
