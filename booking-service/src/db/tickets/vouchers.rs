//! Vouchers; a pool counts the uses of each.

use deadpool_postgres::Pool;
use domain::{Currency, Money, PoolId};
use service_core::idempotency::Answer;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::db::DbError;
use crate::db::create_pool;
use crate::db::keep_answer;
use crate::model::voucher::{NewVoucher, Reduction, Voucher, VoucherCode};

/// The unique index on voucher codes.
pub const CODE: &str = "vouchers_code_taken";

const INSERT: &str = "
    INSERT INTO vouchers (id, code, pool_id, event_id, percent_off, amount_off_minor, currency,
                          max_tickets_per_use)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const SELECT: &str = "
    SELECT voucher.id, voucher.code, voucher.pool_id, voucher.event_id, voucher.percent_off,
           voucher.amount_off_minor, voucher.currency, pool.capacity, pool.free, voucher.created_at,
           voucher.max_tickets_per_use
    FROM vouchers voucher JOIN pools pool ON pool.id = voucher.pool_id";

/// Adds a voucher with its pool and stores the answer under the request's key. Fails if its code or its key
/// is taken.
pub async fn insert(
    database: &Pool,
    id: Uuid,
    new: &NewVoucher,
    answer: impl Fn(&Voucher) -> Answer,
) -> Result<Answer, DbError> {
    let mut client = database.get().await?;
    let transaction = client.transaction().await?;
    let pool = create_pool(&transaction, new.max_uses.get().cast_signed(), None).await?;
    let statement = transaction.prepare_cached(INSERT).await?;
    let (percent, off) = match new.reduction {
        Reduction::Percent(percent) => (Some(i16::from(percent)), None),
        Reduction::Amount(off) => (None, Some(off)),
    };
    let minor = off.map(Money::minor);
    let currency = off.map(|off| off.currency().to_string());
    let per_use = new.max_tickets_per_use.get().cast_signed();
    let row: [&(dyn ToSql + Sync); 8] = [
        &id,
        &new.code.as_str(),
        &pool.0,
        &new.event,
        &percent,
        &minor,
        &currency,
        &per_use,
    ];
    transaction.execute(&statement, &row).await?;
    let query = format!("{SELECT} WHERE voucher.id = $1");
    let statement = transaction.prepare_cached(&query).await?;
    let row = transaction.query_one(&statement, &[&id]).await?;
    let answer = answer(&voucher_of(&row)?);
    keep_answer(&transaction, new.key.as_ref(), &answer).await?;
    transaction.commit().await?;
    Ok(answer)
}

/// Codes are compared regardless of case.
pub async fn find(database: &Pool, code: &VoucherCode) -> Result<Option<Voucher>, DbError> {
    let client = database.get().await?;
    let query = format!("{SELECT} WHERE upper(voucher.code) = upper($1)");
    let statement = client.prepare_cached(&query).await?;
    let row = client.query_opt(&statement, &[&code.as_str()]).await?;
    row.as_ref().map(voucher_of).transpose()
}

/// A page of vouchers, by id, after this one.
pub async fn list(
    database: &Pool,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Voucher>, DbError> {
    let client = database.get().await?;
    let query =
        format!("{SELECT} WHERE $1::uuid IS NULL OR voucher.id > $1 ORDER BY voucher.id LIMIT $2");
    let statement = client.prepare_cached(&query).await?;
    let rows = client.query(&statement, &[&after, &limit]).await?;
    rows.iter().map(voucher_of).collect()
}

fn voucher_of(row: &Row) -> Result<Voucher, DbError> {
    let unreadable = || DbError::Unreadable("vouchers");
    let percent: Option<i16> = row.try_get(4)?;
    let minor: Option<i64> = row.try_get(5)?;
    let currency: Option<&str> = row.try_get(6)?;
    let reduction = match (percent, minor, currency) {
        (Some(percent), None, None) => {
            Reduction::Percent(u8::try_from(percent).map_err(|_| unreadable())?)
        }
        (None, Some(minor), Some(currency)) => {
            let currency = Currency::stored(currency).map_err(|_| unreadable())?;
            let off = Money::from_minor(minor, currency);
            Reduction::Amount(off.map_err(|_| unreadable())?)
        }
        _ => return Err(unreadable()),
    };
    Ok(Voucher {
        id: row.try_get(0)?,
        code: row.try_get(1)?,
        pool: PoolId(row.try_get(2)?),
        event: row.try_get(3)?,
        reduction,
        max_uses: row.try_get(7)?,
        uses_left: row.try_get(8)?,
        created_at: row.try_get(9)?,
        max_tickets_per_use: i64::from(row.try_get::<_, i32>(10)?)
            .try_into()
            .map_err(|_| unreadable())?,
    })
}
