//! Money, exact: integer minor units and a currency.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::{Invalid, Units};

/// An amount in hundredths of a currency's unit: cents, paise. At most 10 billion units either way.
///
/// In JSON it is a number with at most two decimals. Reading and writing are exact: the number's
/// shortest decimal text is what counts, so no amount is ever rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

impl Amount {
    /// Nothing to pay.
    pub const ZERO: Self = Self(0);

    /// The largest amount, in minor units. Far below 2^53, so every amount is exact as a JSON number.
    pub const MAX_MINOR: i64 = 1_000_000_000_000;

    /// An amount from minor units.
    ///
    /// # Errors
    /// When it is larger than [`Self::MAX_MINOR`] either way.
    pub fn from_minor(minor: i64) -> Result<Self, Invalid> {
        if minor.unsigned_abs() <= Self::MAX_MINOR.unsigned_abs() {
            Ok(Self(minor))
        } else {
            Err(Invalid::new("an amount is at most 10000000000.00"))
        }
    }

    /// The minor units.
    #[must_use]
    pub fn minor(self) -> i64 {
        self.0
    }

    /// The sum, unless it is too large.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Self::from_minor(self.0.checked_add(other.0)?).ok()
    }

    /// The price of so many units, unless it is too large.
    #[must_use]
    pub fn checked_mul(self, units: Units) -> Option<Self> {
        Self::from_minor(self.0.checked_mul(i64::from(units.get()))?).ok()
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let minor = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", minor / 100, minor % 100)
    }
}

impl FromStr for Amount {
    type Err = Invalid;

    /// Reads decimal text with at most two decimals: `85`, `85.9`, `85.96`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong =
            || Invalid::new("an amount is a number with at most two decimals, such as 85.96");
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(whole) || !all_digits(fraction) || fraction.len() > 2 {
            return Err(wrong());
        }
        let hundredths: i64 = format!("{fraction:0<2}").parse().map_err(|_| wrong())?;
        let minor = whole
            .parse::<i64>()
            .ok()
            .and_then(|whole| whole.checked_mul(100)?.checked_add(hundredths))
            .ok_or_else(|| Invalid::new("an amount is at most 10000000000.00"))?;
        Self::from_minor(if negative { -minor } else { minor })
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The decimal text parses to the nearest double, whose shortest text is that decimal again.
        let number: f64 = self
            .to_string()
            .parse()
            .map_err(serde::ser::Error::custom)?;
        serializer.serialize_f64(number)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AmountVisitor;

        impl Visitor<'_> for AmountVisitor {
            type Value = Amount;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number with at most two decimals")
            }

            fn visit_i64<E: de::Error>(self, whole: i64) -> Result<Amount, E> {
                whole.to_string().parse().map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, whole: u64) -> Result<Amount, E> {
                whole.to_string().parse().map_err(E::custom)
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Amount, E> {
                // Display never uses an exponent and prints the shortest text that reads back.
                number.to_string().parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_f64(AmountVisitor)
    }
}

/// An ISO 4217 currency code, upper case: `INR`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// The Indian rupee.
    pub const INR: Self = Self(*b"INR");
    /// The United States dollar.
    pub const USD: Self = Self(*b"USD");

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // ASCII by construction, so this never takes the default.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Currency {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match *text.as_bytes() {
            [a, b, c] if text.bytes().all(|letter| letter.is_ascii_uppercase()) => {
                Ok(Self([a, b, c]))
            }
            _ => Err(Invalid::new("a currency is an ISO 4217 code such as INR")),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An amount of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
}

impl Money {
    /// The sum; `None` when the currencies differ or the sum is too large.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let amount = (self.currency == other.currency)
            .then(|| self.amount.checked_add(other.amount))
            .flatten()?;
        Some(Self {
            amount,
            currency: self.currency,
        })
    }

    /// The price of so many units; `None` when it is too large.
    #[must_use]
    pub fn checked_mul(self, units: Units) -> Option<Self> {
        let amount = self.amount.checked_mul(units)?;
        Some(Self {
            amount,
            currency: self.currency,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn json_numbers_are_exact() {
        for (json, minor) in [
            ("17000", 1_700_000),
            ("17000.0", 1_700_000),
            ("85.96", 8_596),
            ("0.1", 10),
            ("-3.05", -305),
            ("10000000000", Amount::MAX_MINOR),
        ] {
            let amount: Amount = serde_json::from_str(json).unwrap();
            assert_eq!(amount.minor(), minor, "{json}");
        }
        assert_eq!(serde_json::to_string(&Amount(850_000)).unwrap(), "8500.0");
        assert_eq!(serde_json::to_string(&Amount(8_596)).unwrap(), "85.96");
    }

    #[test]
    fn a_third_decimal_is_refused_not_rounded() {
        for json in [
            "85.961",
            "0.001",
            "1e11",
            "1e300",
            "\"85\"",
            "null",
            "10000000000.01",
        ] {
            assert!(serde_json::from_str::<Amount>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn two_currencies_do_not_add_up() {
        let rupee = Money {
            amount: Amount(100),
            currency: Currency::INR,
        };
        let dollar = Money {
            amount: Amount(100),
            currency: Currency::USD,
        };
        assert_eq!(rupee.checked_add(dollar), None);
        assert_eq!(
            rupee.checked_add(rupee).map(|sum| sum.amount),
            Some(Amount(200))
        );
    }

    proptest! {
        #[test]
        fn every_amount_survives_json(minor in -Amount::MAX_MINOR..=Amount::MAX_MINOR) {
            let json = serde_json::to_string(&Amount(minor)).unwrap();
            prop_assert_eq!(serde_json::from_str::<Amount>(&json).unwrap(), Amount(minor));
        }
    }
}
