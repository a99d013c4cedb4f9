//! Row mapping of `charges`.

use deadpool_postgres::GenericClient;
use domain::{Currency, Money, PaymentId};
use payment_api::Reference;
use tokio_postgres::Row;
use tokio_postgres::types::{Json, ToSql};

use crate::charge::{Charge, ChargeDetails, ChargeKind, EndStatus, Outcome, Progress};
use crate::db::DbError;

/// The value of the column `kind`.
pub(super) fn kind_text(kind: ChargeKind) -> &'static str {
    match kind {
        ChargeKind::Process => "process",
        ChargeKind::SimulateSuccess => "simulate_success",
        ChargeKind::SimulateFailure => "simulate_failure",
        ChargeKind::SimulateTimeout => "simulate_timeout",
    }
}

/// The value of the column `status`.
pub(super) fn status_text(status: EndStatus) -> &'static str {
    match status {
        EndStatus::Success => "success",
        EndStatus::Failed => "failed",
        EndStatus::Timeout => "timeout",
    }
}

/// Runs a statement that returns at most one charge.
pub(super) async fn fetch(
    client: &impl GenericClient,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Option<Charge>, DbError> {
    let statement = client.prepare_cached(sql).await?;
    let row = client.query_opt(&statement, parameters).await?;
    row.as_ref().map(read).transpose()
}

/// Reads a row that is not a tombstone.
pub(super) fn read(row: &Row) -> Result<Charge, DbError> {
    let kind = match row.try_get("kind")? {
        "process" => ChargeKind::Process,
        "simulate_success" => ChargeKind::SimulateSuccess,
        "simulate_failure" => ChargeKind::SimulateFailure,
        "simulate_timeout" => ChargeKind::SimulateTimeout,
        _ => return Err(DbError::Unreadable("kind")),
    };
    let ended = |status| {
        Ok::<_, DbError>(Progress::Ended {
            outcome: Outcome {
                status,
                code: row.try_get("code")?,
                message: row.try_get("message")?,
            },
            at: row.try_get("ended_at")?,
        })
    };
    let progress = match row.try_get("status")? {
        "processing" => Progress::Processing {
            attempt: row.try_get("attempt")?,
            lease_expired: row.try_get("lease_expired")?,
        },
        "success" => ended(EndStatus::Success)?,
        "failed" => ended(EndStatus::Failed)?,
        "timeout" => ended(EndStatus::Timeout)?,
        _ => return Err(DbError::Unreadable("status")),
    };
    Ok(Charge {
        id: PaymentId(row.try_get("payment_id")?),
        kind,
        details: read_details(row)?,
        key: row.try_get("idempotency_key")?,
        request_digest: row.try_get("request_digest")?,
        progress,
        refunded: money(row, "refunded_minor")?,
        created_at: row.try_get("created_at")?,
    })
}

fn read_details(row: &Row) -> Result<ChargeDetails, DbError> {
    let payment_code = row
        .try_get::<_, Option<&str>>("payment_code")?
        .map(str::parse)
        .transpose()
        .map_err(|_| DbError::Unreadable("payment_code"))?;
    Ok(ChargeDetails {
        booking: row.try_get::<_, Json<Reference>>("booking_ref")?.0,
        user: row.try_get::<_, Json<Reference>>("user_ref")?.0,
        money: money(row, "amount_minor")?,
        payment_type: row.try_get("payment_type")?,
        reference: row.try_get("reference")?,
        payment_code,
    })
}

/// A column in minor units of the row's currency.
pub(in crate::db) fn money(row: &Row, column: &'static str) -> Result<Money, DbError> {
    let currency = Currency::stored(row.try_get("currency")?);
    let currency = currency.map_err(|_| DbError::Unreadable("currency"))?;
    Money::from_minor(row.try_get(column)?, currency).map_err(|_| DbError::Unreadable(column))
}
