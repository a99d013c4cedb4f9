//! The rows of bookings, holds and charges, read in pages in the order of the holds' ids.

use std::vec;

use deadpool_postgres::Transaction;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Portal, Row};
use uuid::Uuid;

use crate::error::ReconcileError;
use crate::snapshot::{BOOKINGS, FLIGHTS, PAYMENTS, Snapshot};

/// Rows per page: a few hundred kilobytes.
const PAGE: i32 = 2_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    pub hold: Uuid,
    pub id: i64,
    pub channel: String,
    pub state: String,
    pub public_status: String,
    /// A worker has to act, as opposed to the customer or nobody.
    pub has_work: bool,
    /// No worker has, for too long.
    pub is_overdue: bool,
    /// It was charged, and a refund is due that was not made yet.
    pub owes_refund: bool,
    pub amount: Option<i64>,
    pub currency: Option<String>,
    pub payment: Option<Uuid>,
}

/// A hold that takes up units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    pub id: Uuid,
    pub owner: String,
    pub is_sold: bool,
}

/// A booking's charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    pub hold: Uuid,
    pub key: String,
    pub payment: Uuid,
    pub status: String,
    pub amount: i64,
    pub currency: String,
    /// The charge's own total.
    pub refunded: i64,
    /// The sum of its refund rows.
    pub refunds: i64,
}

/// A row that belongs to a hold.
pub trait OfHold {
    fn hold(&self) -> Uuid;
}

impl OfHold for Booking {
    fn hold(&self) -> Uuid {
        self.hold
    }
}

impl OfHold for Hold {
    fn hold(&self) -> Uuid {
        self.id
    }
}

impl OfHold for Charge {
    fn hold(&self) -> Uuid {
        self.hold
    }
}

/// Rows in the order of their holds' ids, through a portal (cursor).
pub struct Rows<'a, T> {
    database: &'static str,
    transaction: &'a Transaction<'a>,
    portal: Portal,
    /// `None`: the row is of another kind and is skipped.
    read: fn(&Row) -> Result<Option<T>, Error>,
    page: vec::IntoIter<Row>,
    is_last_page: bool,
    next: Option<T>,
}

impl<'a, T: OfHold> Rows<'a, T> {
    async fn open(
        database: &'static str,
        transaction: &'a Transaction<'a>,
        query: &str,
        parameters: &[&(dyn ToSql + Sync)],
        read: fn(&Row) -> Result<Option<T>, Error>,
    ) -> Result<Self, ReconcileError> {
        let portal = transaction.bind(query, parameters).await;
        let mut rows = Self {
            database,
            transaction,
            portal: portal.map_err(|error| ReconcileError::Database(database, error))?,
            read,
            page: Vec::new().into_iter(),
            is_last_page: false,
            next: None,
        };
        rows.advance().await?;
        Ok(rows)
    }

    /// The hold of the next row.
    pub fn next_hold(&self) -> Option<Uuid> {
        self.next.as_ref().map(OfHold::hold)
    }

    /// The next row, if it belongs to this hold.
    pub async fn take(&mut self, hold: Uuid) -> Result<Option<T>, ReconcileError> {
        if self.next_hold() != Some(hold) {
            return Ok(None);
        }
        let taken = self.next.take();
        self.advance().await?;
        Ok(taken)
    }

    async fn advance(&mut self) -> Result<(), ReconcileError> {
        let fails = |error| ReconcileError::Database(self.database, error);
        loop {
            for row in self.page.by_ref() {
                self.next = (self.read)(&row).map_err(fails)?;
                if self.next.is_some() {
                    return Ok(());
                }
            }
            if self.is_last_page {
                return Ok(());
            }
            let page = self.transaction.query_portal(&self.portal, PAGE).await;
            let page = page.map_err(fails)?;
            self.is_last_page = page.len() < usize::try_from(PAGE).unwrap_or_default();
            self.page = page.into_iter();
        }
    }
}

/// `only`: the bookings of these holds.
pub async fn bookings<'a>(
    snapshot: &'a Snapshot<'a>,
    overdue_after_s: f64,
    only: Option<&[Uuid]>,
) -> Result<Rows<'a, Booking>, ReconcileError> {
    let mut query = "
        SELECT hold_id, id, channel, state, public_status, amount_minor, currency, payment_id,
               charged AND payment_id IS NOT NULL AND money_task = 'reverse' AS owes_refund,
               next_step_at IS NOT NULL AND (state NOT IN ('held', 'payment_failed') OR requested_seats IS NOT NULL)
                   AS has_work,
               coalesce(next_step_at < now() - make_interval(secs => $1), false) AS is_overdue
        FROM bookings"
        .to_owned();
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&overdue_after_s];
    if let Some(only) = &only {
        query.push_str(" WHERE hold_id = ANY($2)");
        parameters.push(only);
    }
    query.push_str(" ORDER BY hold_id");
    let read = |row: &Row| {
        Ok(Some(Booking {
            hold: row.try_get("hold_id")?,
            id: row.try_get("id")?,
            channel: row.try_get("channel")?,
            state: row.try_get("state")?,
            public_status: row.try_get("public_status")?,
            has_work: row.try_get("has_work")?,
            is_overdue: row.try_get("is_overdue")?,
            owes_refund: row.try_get("owes_refund")?,
            amount: row.try_get("amount_minor")?,
            currency: row.try_get("currency")?,
            payment: row.try_get("payment_id")?,
        }))
    };
    Rows::open(BOOKINGS, &snapshot.bookings, &query, &parameters, read).await
}

/// Holds of seats that take up units, or those among `only`. An expired hold takes up none, swept or not.
pub async fn live_holds<'a>(
    snapshot: &'a Snapshot<'a>,
    only: Option<&[Uuid]>,
) -> Result<Rows<'a, Hold>, ReconcileError> {
    holds(FLIGHTS, &snapshot.flights, "true", only).await
}

/// The same for tickets of bookings; purchases are not bookings.
pub async fn ticket_holds<'a>(
    snapshot: &'a Snapshot<'a>,
    only: Option<&[Uuid]>,
) -> Result<Rows<'a, Hold>, ReconcileError> {
    let is_booked = "EXISTS (SELECT FROM bookings WHERE bookings.hold_id = holds.id)";
    holds(BOOKINGS, &snapshot.bookings, is_booked, only).await
}

/// SQL condition for a hold that takes up units: sold, or held and not expired. `hold` is the table's alias.
pub fn is_live(hold: &str) -> String {
    format!(
        "({hold}.status = 'sold'
          OR ({hold}.status = 'held' AND coalesce({hold}.expires_at > now(), true)))"
    )
}

async fn holds<'a>(
    database: &'static str,
    transaction: &'a Transaction<'a>,
    condition: &str,
    only: Option<&[Uuid]>,
) -> Result<Rows<'a, Hold>, ReconcileError> {
    let mut query = format!(
        "SELECT id, owner, status = 'sold' AS is_sold FROM holds WHERE {} AND {condition}",
        is_live("holds")
    );
    let mut parameters: Vec<&(dyn ToSql + Sync)> = Vec::new();
    if let Some(only) = &only {
        query.push_str(" AND id = ANY($1)");
        parameters.push(only);
    }
    query.push_str(" ORDER BY id");
    let read = |row: &Row| {
        Ok(Some(Hold {
            id: row.try_get("id")?,
            owner: row.try_get("owner")?,
            is_sold: row.try_get("is_sold")?,
        }))
    };
    Rows::open(database, transaction, &query, &parameters, read).await
}

/// Charges of bookings, or those of these holds, without tombstones.
pub async fn charges<'a>(
    snapshot: &'a Snapshot<'a>,
    only: Option<&[Uuid]>,
) -> Result<Rows<'a, Charge>, ReconcileError> {
    let mut query = "
        SELECT charge.idempotency_key, charge.payment_id, charge.status, charge.amount_minor,
               charge.currency::text, charge.refunded_minor, coalesce(refunds.minor, 0) AS refunds
        FROM charges charge
        LEFT JOIN (SELECT payment_id, sum(amount_minor)::bigint AS minor FROM refunds
                   GROUP BY payment_id) refunds USING (payment_id)
        WHERE charge.idempotency_key LIKE 'booking ________-____-____-____-____________/%'
              AND charge.status <> 'closed'"
        .to_owned();
    let texts: Option<Vec<String>> =
        only.map(|only| only.iter().map(ToString::to_string).collect());
    let mut parameters: Vec<&(dyn ToSql + Sync)> = Vec::new();
    if let Some(texts) = &texts {
        query.push_str(" AND substr(charge.idempotency_key, 9, 36) = ANY($1)");
        parameters.push(texts);
    }
    // In the byte order of the ids.
    query.push_str(" ORDER BY charge.idempotency_key COLLATE \"C\"");
    let read = |row: &Row| {
        let key: String = row.try_get("idempotency_key")?;
        let Some(hold) = hold_of_key(&key) else {
            return Ok(None);
        };
        Ok(Some(Charge {
            hold,
            key,
            payment: row.try_get("payment_id")?,
            status: row.try_get("status")?,
            amount: row.try_get("amount_minor")?,
            currency: row.try_get("currency")?,
            refunded: row.try_get("refunded_minor")?,
            refunds: row.try_get("refunds")?,
        }))
    };
    Rows::open(PAYMENTS, &snapshot.payments, &query, &parameters, read).await
}

/// The hold of a charge's key, if booking-service made the key: `booking <hold>/<attempt>`.
fn hold_of_key(key: &str) -> Option<Uuid> {
    let (hold, attempt) = key.strip_prefix("booking ")?.split_once('/')?;
    let id: Uuid = hold.parse().ok()?;
    let is_ours = id.to_string() == hold
        && !attempt.is_empty()
        && attempt.bytes().all(|byte| byte.is_ascii_digit());
    is_ours.then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_that_booking_service_makes_are_read() {
        let id = "0192f0c1-2b3c-7d4e-8f00-0123456789ab";
        assert_eq!(hold_of_key(&format!("booking {id}/2")), id.parse().ok());
        let others = [
            format!("booking {id}"),
            format!("booking {id}/"),
            format!("booking {id}/x"),
            format!("booking {}/1", id.to_uppercase()),
            format!("refund booking {id}/1"),
            "booking 17/1".to_owned(),
        ];
        for other in others {
            assert_eq!(hold_of_key(&other), None, "{other}");
        }
    }
}
