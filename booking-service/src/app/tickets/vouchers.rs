//! Vouchers: discount codes with a limited number of uses. The uses are a pool, from which the hold of the
//! tickets takes one unit.

use crate::app::{AppError, Unknown};
use crate::model::voucher::{NewVoucher, Voucher, VoucherCode};
use deadpool_postgres::Pool;
use service_core::idempotency::{self, Answer, Replayable};
use uuid::Uuid;

use crate::db;

#[derive(Clone)]
pub struct Vouchers {
    pub database: Pool,
}

impl Vouchers {
    /// Creates a voucher, once per key.
    pub async fn create(
        &self,
        new: &NewVoucher,
        answer: impl Fn(&Voucher) -> Answer,
    ) -> Result<Replayable<Answer>, AppError> {
        let find = |key| db::kept_answer(&self.database, key);
        idempotency::create(new.key.as_ref(), find, self.insert(new, answer)).await
    }

    async fn insert(
        &self,
        new: &NewVoucher,
        answer: impl Fn(&Voucher) -> Answer,
    ) -> Result<Answer, AppError> {
        if let Some(event) = new.event {
            let event = db::tickets::events::find(&self.database, event).await?;
            event.ok_or(Unknown::Event)?;
        }
        Ok(db::tickets::vouchers::insert(&self.database, Uuid::now_v7(), new, answer).await?)
    }

    /// Codes are compared regardless of case. [`Unknown::Voucher`] if there is none.
    pub async fn find(&self, code: &VoucherCode) -> Result<Voucher, AppError> {
        let voucher = db::tickets::vouchers::find(&self.database, code).await?;
        voucher.ok_or(AppError::Unknown(Unknown::Voucher))
    }

    /// A page of vouchers, in order of creation, after this id.
    pub async fn list(&self, after: Option<Uuid>, limit: i64) -> Result<Vec<Voucher>, AppError> {
        Ok(db::tickets::vouchers::list(&self.database, after, limit).await?)
    }
}
