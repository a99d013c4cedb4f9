//! Vouchers: codes that take something off the price of a booking, so many times. Their uses are a pool,
//! out of which one unit is taken in the same hold as the tickets.

use crate::model::voucher::{NewVoucher, Voucher, VoucherCode};
use deadpool_postgres::Pool;
use service_core::idempotency::{self, Answer, Replayable};
use uuid::Uuid;

use crate::app::AppError;
use crate::db;

/// Makes and finds vouchers.
#[derive(Clone)]
pub struct Vouchers {
    /// Where they are.
    pub database: Pool,
}

impl Vouchers {
    /// Makes a voucher, once per key.
    ///
    /// # Errors
    /// When there is no such event, the code or the key is taken, or the database does not answer.
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
            event.ok_or(AppError::UnknownEvent)?;
        }
        Ok(db::tickets::vouchers::insert(&self.database, Uuid::now_v7(), new, answer).await?)
    }

    /// A voucher by its code, however it is written.
    ///
    /// # Errors
    /// When there is none.
    pub async fn find(&self, code: &VoucherCode) -> Result<Voucher, AppError> {
        let voucher = db::tickets::vouchers::find(&self.database, code).await?;
        voucher.ok_or(AppError::UnknownVoucher)
    }

    /// The vouchers after this one, in the order in which they were made.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self, after: Option<Uuid>, limit: i64) -> Result<Vec<Voucher>, AppError> {
        Ok(db::tickets::vouchers::list(&self.database, after, limit).await?)
    }
}
