//! Vouchers: codes that take something off the price of a booking, so many times. Their uses are a pool,
//! out of which one unit is taken in the same hold as the tickets.

use crate::model::voucher::{NewVoucher, Voucher, VoucherCode};
use deadpool_postgres::Pool;
use service_kit::once::{self, Answer, Once};
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
    ) -> Result<Once<Answer>, AppError> {
        let database = &self.database;
        let find = |key| {
            let made = db::tickets::vouchers::find_by_key(database, key);
            db::answered(database, key, made, &answer)
        };
        once::create(new.key.as_ref(), find, self.insert(new, &answer)).await
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

#[cfg(test)]
mod tests {
    use domain::Currency;

    use super::*;

    fn money(text: &str, currency: Currency) -> Money {
        Money::new(text.parse().unwrap(), currency).unwrap()
    }

    #[test]
    fn a_share_is_rounded_and_an_amount_takes_no_more_than_the_price() {
        let price = money("10.01", Currency::USD);
        let off = |reduction: Reduction| reduction.of(price).map(|off| off.to_string());
        assert_eq!(off(Reduction::Percent(50)).as_deref(), Some("5.01 USD"));
        assert_eq!(off(Reduction::Percent(10)).as_deref(), Some("1.00 USD"));
        assert_eq!(off(Reduction::Percent(100)).as_deref(), Some("10.01 USD"));
        let amount = |text, currency| off(Reduction::Amount(money(text, currency)));
        assert_eq!(amount("4.00", Currency::USD).as_deref(), Some("4.00 USD"));
        assert_eq!(amount("40.00", Currency::USD).as_deref(), Some("10.01 USD"));
        assert_eq!(amount("4.00", Currency::INR), None);
    }

    #[test]
    fn a_code_is_short_and_plain() {
        for wrong in ["", "A B", "é", &"x".repeat(41)] {
            assert!(
                VoucherCode::try_from(wrong.to_owned()).is_err(),
                "{wrong:?}"
            );
        }
        assert!(VoucherCode::try_from("SPRING_25-a".to_owned()).is_ok());
    }
}
