//! Purchases of ticket options.

use deadpool_postgres::Pool;
use domain::Units;
use inventory::{Accepted, RowStatement, Rows};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::db::DbError;
use crate::db::column;
use crate::model::ticket_option::{Purchase, PurchaseRequest};

const INSERT: &str = "
    INSERT INTO purchases (id, ticket_option_id, user_ref, quantity, idempotency_key, request_digest)
    SELECT new.* FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[], $5::text[],
                             $6::bytea[]) AS new";

const DELETE: &str = "DELETE FROM purchases WHERE id = ANY ($1::uuid[])";

const FIND: &str = "SELECT id, ticket_option_id, user_ref, quantity FROM purchases WHERE id = $1";

const FIND_BY_KEY: &str = "
    SELECT id, ticket_option_id, user_ref, quantity, request_digest
    FROM purchases WHERE idempotency_key = $1";

/// A purchase, committed together with its hold.
pub struct NewPurchase {
    /// Also the hold's id.
    pub id: Uuid,
    pub request: PurchaseRequest,
}

impl Rows for NewPurchase {
    fn statements(batch: &[(&Self, &Accepted)]) -> Vec<RowStatement> {
        let key = |purchase: &Self| purchase.request.key.clone();
        vec![
            RowStatement::new(INSERT)
                .with(column(batch, |(one, _)| one.id))
                .with(column(batch, |(one, _)| one.request.ticket_option))
                .with(column(batch, |(one, _)| one.request.user.clone()))
                .with(column(batch, |(one, _)| {
                    one.request.quantity.get().cast_signed()
                }))
                .with(column(batch, |(one, _)| key(one).map(|key| key.key)))
                .with(column(batch, |(one, _)| {
                    key(one).map(|key| key.digest.to_vec())
                })),
        ]
    }
}

/// The deletion of a purchase, committed with the release of its hold.
pub struct PurchaseDeleted(pub Uuid);

impl Rows for PurchaseDeleted {
    fn statements(batch: &[(&Self, &Accepted)]) -> Vec<RowStatement> {
        let ids: Vec<Uuid> = batch.iter().map(|(one, _)| one.0).collect();
        vec![RowStatement::new(DELETE).with(ids)]
    }
}

pub async fn find(database: &Pool, id: Uuid) -> Result<Option<Purchase>, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(FIND).await?;
    let row = client.query_opt(&statement, &[&id]).await?;
    row.as_ref().map(purchase_of).transpose()
}

/// The purchase made under this key, and the digest of its request.
pub async fn find_by_key(
    database: &Pool,
    key: &str,
) -> Result<Option<(Purchase, Option<Vec<u8>>)>, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(FIND_BY_KEY).await?;
    let row = client.query_opt(&statement, &[&key]).await?;
    row.map(|row| Ok((purchase_of(&row)?, row.try_get(4)?)))
        .transpose()
}

fn purchase_of(row: &Row) -> Result<Purchase, DbError> {
    let quantity = Units::try_from(i64::from(row.try_get::<_, i32>(3)?));
    Ok(Purchase {
        id: row.try_get(0)?,
        ticket_option: row.try_get(1)?,
        user: row.try_get(2)?,
        quantity: quantity.map_err(|_| DbError::Unreadable("purchases.quantity"))?,
    })
}
