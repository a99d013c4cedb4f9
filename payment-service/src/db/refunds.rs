//! The table `refunds`: append-only, one row per refund, written in the transaction that adds it to its
//! charge's refunded total.

use deadpool_postgres::GenericClient;
use domain::{Money, PaymentId};
use service_core::idempotency::RequestKey;
use tokio_postgres::Row;
use uuid::Uuid;

use super::DbError;
use super::charges::money;
use crate::charge::Refund;

macro_rules! columns {
    () => {
        "refund_id, payment_id, amount_minor, request_digest, refunded_at, \
         (SELECT currency FROM charges WHERE charges.payment_id = refunds.payment_id) AS currency"
    };
}

/// # Errors
/// Also the constraint `refunds_idempotency_key`, if the key made another refund.
pub async fn insert(
    client: &impl GenericClient,
    payment: PaymentId,
    amount: Money,
    key: Option<&RequestKey>,
) -> Result<Refund, DbError> {
    const SQL: &str = concat!(
        "INSERT INTO refunds (refund_id, payment_id, amount_minor, idempotency_key, request_digest) \
         VALUES ($1, $2, $3, $4, $5) RETURNING ",
        columns!()
    );
    let statement = client.prepare_cached(SQL).await?;
    let row = client
        .query_one(
            &statement,
            &[
                &Uuid::now_v7(),
                &payment.0,
                &amount.minor(),
                &key.map(|key| key.key.as_str()),
                &key.map(|key| key.digest.as_slice()),
            ],
        )
        .await?;
    read(&row)
}

pub async fn by_key(client: &impl GenericClient, key: &str) -> Result<Option<Refund>, DbError> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM refunds WHERE idempotency_key = $1"
    );
    let statement = client.prepare_cached(SQL).await?;
    let row = client.query_opt(&statement, &[&key]).await?;
    row.as_ref().map(read).transpose()
}

fn read(row: &Row) -> Result<Refund, DbError> {
    Ok(Refund {
        id: row.try_get("refund_id")?,
        payment: PaymentId(row.try_get("payment_id")?),
        money: money(row, "amount_minor")?,
        request_digest: row.try_get("request_digest")?,
        refunded_at: row.try_get("refunded_at")?,
    })
}
