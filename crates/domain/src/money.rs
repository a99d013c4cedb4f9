//! Exact money in minor units of a currency.

mod amount;
mod currency;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::amount::Amount;
pub use self::currency::Currency;
use crate::{Invalid, Units};

/// An amount in one currency: a whole number of its minor units, such as paise, yen or fils.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Money {
    amount: Amount,
    currency: Currency,
}

#[derive(Deserialize)]
struct Unchecked {
    amount: Amount,
    currency: Currency,
}

impl TryFrom<Unchecked> for Money {
    type Error = Invalid;

    fn try_from(unchecked: Unchecked) -> Result<Self, Invalid> {
        Self::new(unchecked.amount, unchecked.currency)
    }
}

impl Money {
    /// # Errors
    /// The amount has more decimals than the currency.
    pub fn new(amount: Amount, currency: Currency) -> Result<Self, Invalid> {
        let decimals = currency.decimals();
        if amount.in_decimals(decimals).is_some() {
            return Ok(Self { amount, currency });
        }
        Err(Invalid::new(match decimals {
            0 => format!("an amount of {currency} has no decimals"),
            _ => format!("an amount of {currency} has at most {decimals} decimals"),
        }))
    }

    /// # Errors
    /// The amount exceeds 10 billion.
    pub fn from_minor(minor: i64, currency: Currency) -> Result<Self, Invalid> {
        let amount = Amount::of_decimals(minor, currency.decimals());
        let amount = amount.ok_or_else(|| Invalid::new("an amount is at most 10000000000"))?;
        Ok(Self { amount, currency })
    }

    /// Zero in this currency.
    #[must_use]
    pub fn zero(currency: Currency) -> Self {
        Self {
            amount: Amount::ZERO,
            currency,
        }
    }

    /// The amount without its currency.
    #[must_use]
    pub fn amount(self) -> Amount {
        self.amount
    }

    /// The currency of the amount.
    #[must_use]
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// The amount in minor units.
    #[must_use]
    pub fn minor(self) -> i64 {
        // Whole minor units by construction, so this never takes the default.
        let minor = self.amount.in_decimals(self.currency.decimals());
        minor.unwrap_or_default()
    }

    /// `None` if the currencies differ or the sum is too large.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.with(other, Amount::checked_add)
    }

    /// `None` if the currencies differ or the difference is too large.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.with(other, Amount::checked_sub)
    }

    fn with(self, other: Self, of: impl Fn(Amount, Amount) -> Option<Amount>) -> Option<Self> {
        let amounts = (self.currency == other.currency).then_some((self.amount, other.amount));
        let amount = amounts.and_then(|(one, other)| of(one, other))?;
        Some(Self { amount, ..self })
    }

    /// The price of several units; `None` if it is too large.
    #[must_use]
    pub fn checked_mul(self, units: Units) -> Option<Self> {
        let amount = self.amount.checked_mul(units)?;
        Some(Self { amount, ..self })
    }

    /// A percentage in whole minor units, rounded half away from zero; `None` if it is too large.
    #[must_use]
    pub fn percent(self, percent: u8) -> Option<Self> {
        let share = i128::from(self.minor()) * i128::from(percent);
        let rounded = (share + 50 * share.signum()) / 100;
        Self::from_minor(i64::try_from(rounded).ok()?, self.currency).ok()
    }
}

impl fmt::Display for Money {
    /// With the decimals of the currency: `85.90 INR`, `1010 JPY`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}",
            self.currency.decimal(self.minor()),
            self.currency
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(amount: &str, currency: &str) -> Result<Money, Invalid> {
        Money::new(amount.parse().unwrap(), currency.parse().unwrap())
    }

    #[test]
    fn an_amount_fits_its_currency_or_is_refused() {
        for (amount, currency, minor) in [
            ("8500", "INR", Some(850_000)),
            ("85.96", "INR", Some(8_596)),
            ("85.961", "INR", None),
            ("1010", "JPY", Some(1_010)),
            ("1010.00", "JPY", Some(1_010)),
            ("100.50", "JPY", None),
            ("1.234", "KWD", Some(1_234)),
            ("1.2345", "KWD", None),
            ("1.2345", "CLF", Some(12_345)),
        ] {
            let found = money(amount, currency).ok().map(Money::minor);
            assert_eq!(found, minor, "{amount} {currency}");
        }
        let refusal = |amount, currency| money(amount, currency).unwrap_err().to_string();
        assert_eq!(refusal("0.5", "JPY"), "an amount of JPY has no decimals");
        assert_eq!(
            refusal("0.0001", "KWD"),
            "an amount of KWD has at most 3 decimals"
        );
    }

    #[test]
    fn two_currencies_do_not_add_up() {
        let rupee = money("1", "INR").unwrap();
        let dollar = money("1", "USD").unwrap();
        assert_eq!(rupee.checked_add(dollar), None);
        assert_eq!(rupee.checked_sub(dollar), None);
        assert_eq!(rupee.checked_add(rupee), money("2", "INR").ok());
        assert_eq!(rupee.checked_sub(rupee), Some(Money::zero(Currency::INR)));
    }

    #[test]
    fn a_share_is_whole_minor_units() {
        for (amount, currency, percent, share) in [
            ("1010", "JPY", 25, "253"),
            ("1009", "JPY", 25, "252"),
            ("10.01", "USD", 50, "5.01"),
            ("10.01", "USD", 10, "1.00"),
            ("10.01", "USD", 100, "10.01"),
            ("1.235", "KWD", 50, "0.618"),
            ("-10.01", "USD", 50, "-5.01"),
            ("10000000000", "USD", 100, "10000000000"),
        ] {
            let found = money(amount, currency).unwrap().percent(percent);
            assert_eq!(found, money(share, currency).ok(), "{amount} {currency}");
        }
    }

    #[test]
    fn money_is_written_with_its_currencys_decimals() {
        for (amount, currency, text) in [
            ("1010", "JPY", "1010 JPY"),
            ("85.9", "INR", "85.90 INR"),
            ("-0.05", "INR", "-0.05 INR"),
            ("1.5", "KWD", "1.500 KWD"),
        ] {
            assert_eq!(money(amount, currency).unwrap().to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn money_of_every_currency_is_whole_minor_units(
            minor in -1_000_000_000_000_i64..=1_000_000_000_000,
            percent in 1_u8..=100,
            count in 1_i64..=1000,
        ) {
            for currency in Currency::all() {
                let Ok(money) = Money::from_minor(minor, currency) else {
                    continue;
                };
                prop_assert_eq!(money.minor(), minor);
                prop_assert_eq!(Money::new(money.amount(), currency), Ok(money));
                let json = serde_json::to_string(&money.amount()).unwrap();
                let read: Amount = serde_json::from_str(&json).unwrap();
                prop_assert_eq!(Money::new(read, currency), Ok(money));
                let share = money.percent(percent).unwrap();
                prop_assert!(share.minor().abs() <= minor.abs());
                let exact = i128::from(minor) * i128::from(percent);
                prop_assert!((i128::from(share.minor()) * 100 - exact).abs() <= 50);
                prop_assert_eq!(money.checked_sub(share).map(Money::minor), Some(minor - share.minor()));
                if let Some(all) = money.checked_mul(Units::try_from(count).unwrap()) {
                    prop_assert_eq!(all.minor(), minor * count);
                }
            }
        }

        #[test]
        fn what_is_finer_than_a_currency_is_refused(scaled in 1_i64..100_000_000) {
            let amount = Amount::from_ten_thousandths(scaled).unwrap();
            for currency in Currency::all() {
                let step = 10_i64.pow(4 - u32::from(currency.decimals()));
                prop_assert_eq!(Money::new(amount, currency).is_ok(), scaled % step == 0);
            }
        }
    }
}
