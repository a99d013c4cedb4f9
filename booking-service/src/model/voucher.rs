//! Vouchers: their codes, and what they take off a price.

use crate::model::refusal::Refusal;
use domain::{Money, PoolId, RefusalCode, Units};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use service_core::idempotency::RequestKey;
use uuid::Uuid;

/// The longest code.
pub(crate) const CODE_LIMIT_CHARS: usize = 40;

/// The code of a voucher: letters, digits, `-` and `_`. Two that differ in the case of letters only are the
/// same one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String")]
pub struct VoucherCode(String);

impl TryFrom<String> for VoucherCode {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let is_code = (1..=CODE_LIMIT_CHARS).contains(&text.len()) && text.chars().all(is_part);
        is_code.then_some(Self(text)).ok_or_else(|| {
            format!("must be 1 to {CODE_LIMIT_CHARS} letters, digits, hyphens and underscores")
        })
    }
}

impl VoucherCode {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a voucher takes off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// So many hundredths of the price, from 1 to 100.
    Percent(u8),
    /// So much, and at most the price.
    Amount(Money),
}

impl Reduction {
    /// What it takes off this price, in whole minor units; `None` where it is of another currency.
    #[must_use]
    pub fn of(self, price: Money) -> Option<Money> {
        match self {
            Self::Percent(percent) => price.percent(percent),
            Self::Amount(off) if off.currency() != price.currency() => None,
            Self::Amount(off) if off.amount() < price.amount() => Some(off),
            Self::Amount(_) => Some(price),
        }
    }
}

/// A voucher.
#[derive(Clone, Debug)]
pub struct Voucher {
    /// Its id.
    pub id: Uuid,
    /// Its code, as it was made.
    pub code: String,
    /// Where its uses are counted.
    pub pool: PoolId,
    /// For which event; `None`: for any.
    pub event: Option<Uuid>,
    /// What it takes off.
    pub reduction: Reduction,
    /// How often it may be used.
    pub max_uses: i32,
    /// How many of these are left.
    pub uses_left: i32,
    /// How many tickets a booking that uses it may have.
    pub max_tickets_per_use: Units,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Voucher {
    /// That one use of it covers so many tickets.
    ///
    /// # Errors
    /// When they are too many.
    pub fn check_covers(&self, quantity: Units) -> Result<(), Refusal> {
        let most = self.max_tickets_per_use;
        if quantity <= most {
            return Ok(());
        }
        let noun = if most == Units::ONE {
            "ticket"
        } else {
            "tickets"
        };
        let message = format!("The voucher is for at most {most} {noun} of one booking.");
        Err(Refusal::new(RefusalCode::VoucherTicketLimit, message))
    }
}

/// A voucher to be made.
#[derive(Clone, Debug)]
pub struct NewVoucher {
    /// Its code.
    pub code: VoucherCode,
    /// For which event; `None`: for any.
    pub event: Option<Uuid>,
    /// What it takes off.
    pub reduction: Reduction,
    /// How often it may be used.
    pub max_uses: Units,
    /// How many tickets a booking that uses it may have.
    pub max_tickets_per_use: Units,
    /// Under which key the client asks, if any.
    pub key: Option<RequestKey>,
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
