//! Vouchers: codes and reductions.

use crate::model::refusal::Refusal;
use domain::{Money, PoolId, RefusalCode, Units};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use service_core::idempotency::RequestKey;
use uuid::Uuid;

/// In characters.
pub(crate) const CODE_LIMIT_CHARS: usize = 40;

/// Letters, digits, `-` and `_`. Codes that differ only in case are the same voucher.
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
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// Percent of the price, 1 to 100.
    Percent(u8),
    /// A fixed amount, capped at the price.
    Amount(Money),
}

impl Reduction {
    /// The discount on this price in whole minor units; `None` for another currency.
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

#[derive(Clone, Debug)]
pub struct Voucher {
    pub id: Uuid,
    /// As it was made; case is kept.
    pub code: String,
    /// Counts its uses.
    pub pool: PoolId,
    /// `None`: any event.
    pub event: Option<Uuid>,
    pub reduction: Reduction,
    pub max_uses: i32,
    pub uses_left: i32,
    /// The most tickets in a booking that uses it.
    pub max_tickets_per_use: Units,
    pub created_at: Timestamp,
}

impl Voucher {
    /// Refuses bookings of more tickets than one use covers.
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

#[derive(Clone, Debug)]
pub struct NewVoucher {
    pub code: VoucherCode,
    /// `None`: any event.
    pub event: Option<Uuid>,
    pub reduction: Reduction,
    pub max_uses: Units,
    /// The most tickets in a booking that uses it.
    pub max_tickets_per_use: Units,
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
