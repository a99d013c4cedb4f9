//! Starts and ends of charges, many in one statement.
//!
//! Rows are written in the order of their keys or ids (lock order), so that two replicas that write some of
//! the same rows can't deadlock.

use std::collections::{HashMap, HashSet};

use deadpool_postgres::Client;
use domain::{Money, PaymentId};
use jiff::Timestamp;
use uuid::Uuid;

use super::columns::Columns;
use super::new_charge::{NewCharge, Start};
use super::row::status_text;
use crate::charge::{Charge, Outcome, Progress};
use crate::db::DbError;

/// The end of a running charge.
#[derive(Clone, Debug)]
pub struct Completion {
    pub id: PaymentId,
    pub outcome: Outcome,
}

/// Inserts new charges in one statement. The answer is `None` where the key has a charge or a tombstone
/// already, or occurs twice in the batch.
///
/// # Errors
/// Unless the connection was lost, nothing was recorded.
pub async fn insert<N: AsRef<NewCharge>>(
    client: &Client,
    charges: &[N],
) -> Result<Vec<Option<Charge>>, DbError> {
    const SQL: &str = "INSERT INTO charges (payment_id, kind, booking_ref, user_ref, amount_minor, \
             currency, payment_type, reference, payment_code, idempotency_key, request_digest, \
             status, code, message, attempt, lease_expires_at, ended_at) \
         SELECT id, kind, booking_ref, user_ref, amount_minor, currency, payment_type, reference, \
             payment_code, idempotency_key, request_digest, status, code, message, \
             CASE WHEN lease IS NULL THEN 0 ELSE 1 END, \
             clock_timestamp() + make_interval(secs => lease), \
             CASE WHEN lease IS NULL THEN clock_timestamp() END \
         FROM unnest($1::uuid[], $2::text[], $3::jsonb[], $4::jsonb[], $5::bigint[], $6::text[], \
             $7::text[], $8::text[], $9::text[], $10::text[], $11::bytea[], $12::text[], \
             $13::text[], $14::text[], $15::float8[]) \
             AS new (id, kind, booking_ref, user_ref, amount_minor, currency, payment_type, \
                 reference, payment_code, idempotency_key, request_digest, status, code, message, \
                 lease) \
         ON CONFLICT ON CONSTRAINT charges_idempotency_key DO NOTHING \
         RETURNING payment_id, created_at, ended_at";
    let mut ordered: Vec<(Uuid, &NewCharge)> = charges
        .iter()
        .map(|charge| (Uuid::now_v7(), charge.as_ref()))
        .collect();
    let ids: Vec<Uuid> = ordered.iter().map(|(id, _)| *id).collect();
    ordered.sort_by_key(|(_, charge)| charge.key.as_ref().map(|key| key.key.as_str()));

    let mut columns = Columns::default();
    for (id, charge) in &ordered {
        columns.push(*id, charge);
    }
    let statement = client.prepare_cached(SQL).await?;
    let rows = client
        .query(
            &statement,
            &[
                &columns.id,
                &columns.kind,
                &columns.booking,
                &columns.user,
                &columns.amount_minor,
                &columns.currency,
                &columns.payment_type,
                &columns.reference,
                &columns.payment_code,
                &columns.key,
                &columns.digest,
                &columns.status,
                &columns.code,
                &columns.message,
                &columns.lease_seconds,
            ],
        )
        .await?;
    let mut recorded = HashMap::with_capacity(rows.len());
    for row in &rows {
        let id: Uuid = row.try_get("payment_id")?;
        let created_at: Timestamp = row.try_get("created_at")?;
        let ended_at: Option<Timestamp> = row.try_get("ended_at")?;
        recorded.insert(id, (created_at, ended_at));
    }
    let charges = charges.iter().zip(ids).map(|(charge, id)| {
        let (created_at, ended_at) = recorded.get(&id)?;
        Some(charge_of(id, charge.as_ref(), *created_at, *ended_at))
    });
    Ok(charges.collect())
}

/// Ends running charges in one statement, and returns their end times; `None` for a charge that had ended
/// already.
///
/// # Errors
/// Unless the connection was lost, none has ended.
pub async fn end<E: AsRef<Completion>>(
    client: &Client,
    endings: &[E],
) -> Result<Vec<Option<Timestamp>>, DbError> {
    const SQL: &str = "UPDATE charges SET status = ending.status, code = ending.code, \
             message = ending.message, ended_at = clock_timestamp(), lease_expires_at = NULL, \
             payment_code = NULL \
         FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) \
             AS ending (id, status, code, message) \
         WHERE charges.payment_id = ending.id AND charges.status = 'processing' \
         RETURNING charges.payment_id, charges.ended_at";
    // Of two completions of one charge the first counts; the other is answered `None`.
    let mut seen = HashSet::with_capacity(endings.len());
    let firsts = endings.iter().map(AsRef::as_ref);
    let mut ordered: Vec<&Completion> = firsts.filter(|ending| seen.insert(ending.id)).collect();
    ordered.sort_by_key(|ending| ending.id);
    let ids: Vec<Uuid> = ordered.iter().map(|ending| ending.id.0).collect();
    let outcomes = || ordered.iter().map(|ending| &ending.outcome);
    let statuses: Vec<&str> = outcomes().map(|end| status_text(end.status)).collect();
    let codes: Vec<Option<&str>> = outcomes().map(|end| end.code.as_deref()).collect();
    let messages: Vec<&str> = outcomes().map(|end| end.message.as_str()).collect();

    let statement = client.prepare_cached(SQL).await?;
    let rows = client
        .query(&statement, &[&ids, &statuses, &codes, &messages])
        .await?;
    let mut ended = HashMap::with_capacity(rows.len());
    for row in &rows {
        let id: Uuid = row.try_get("payment_id")?;
        let at: Timestamp = row.try_get("ended_at")?;
        ended.insert(id, at);
    }
    Ok(endings
        .iter()
        .map(|ending| ended.remove(&ending.as_ref().id.0))
        .collect())
}

/// The charge as inserted, without reading it back.
fn charge_of(
    id: Uuid,
    new: &NewCharge,
    created_at: Timestamp,
    ended_at: Option<Timestamp>,
) -> Charge {
    let progress = match &new.start {
        Start::Processing { .. } => Progress::Processing {
            attempt: 1,
            lease_expired: false,
        },
        Start::Ended(outcome) => Progress::Ended {
            outcome: outcome.clone(),
            at: ended_at.unwrap_or(created_at),
        },
    };
    Charge {
        id: PaymentId(id),
        kind: new.kind,
        details: new.details.clone(),
        key: new.key.as_ref().map(|key| key.key.clone()),
        request_digest: new.key.as_ref().map(|key| key.digest.to_vec()),
        progress,
        refunded: Money::zero(new.details.money.currency()),
        created_at,
    }
}
