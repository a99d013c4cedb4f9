//! Amounts: exact decimals without a currency.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::{Invalid, Units};

/// Decimals of an amount: as many as the currencies with the most.
const DECIMALS: u8 = 4;

/// A decimal amount without its currency, exact to four decimals, at most 10 billion either way.
///
/// Whether it is a whole number of minor units is checked by [`Money`](crate::Money): `100.5` can be rupees,
/// not yen.
///
/// In JSON it is a number. It is read from the number's text without rounding: a number that is not exactly
/// an amount is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

impl Amount {
    /// Zero.
    pub const ZERO: Self = Self(0);

    /// The largest amount, in [ten-thousandths](Self::ten_thousandths). Far below 2^53, so every amount is
    /// exact as a JSON number.
    pub const MAX_TEN_THOUSANDTHS: i64 = 100_000_000_000_000;

    /// # Errors
    /// The absolute value exceeds [`Self::MAX_TEN_THOUSANDTHS`].
    pub fn from_ten_thousandths(scaled: i64) -> Result<Self, Invalid> {
        if scaled.unsigned_abs() <= Self::MAX_TEN_THOUSANDTHS.unsigned_abs() {
            Ok(Self(scaled))
        } else {
            Err(too_large())
        }
    }

    /// The amount in ten-thousandths of the currency's unit, for every currency.
    #[must_use]
    pub fn ten_thousandths(self) -> i64 {
        self.0
    }

    /// `None` if the sum is too large.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Self::from_ten_thousandths(self.0.checked_add(other.0)?).ok()
    }

    /// `None` if the difference is too large.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        Self::from_ten_thousandths(self.0.checked_sub(other.0)?).ok()
    }

    /// The price of several units; `None` if it is too large.
    #[must_use]
    pub fn checked_mul(self, units: Units) -> Option<Self> {
        Self::from_ten_thousandths(self.0.checked_mul(i64::from(units.get()))?).ok()
    }

    /// An amount from a count of units of this many decimals; `None` if it is too large.
    pub(super) fn of_decimals(count: i64, decimals: u8) -> Option<Self> {
        Self::from_ten_thousandths(count.checked_mul(step(decimals))?).ok()
    }

    /// The count of units of this many decimals; `None` if the amount has more decimals.
    pub(super) fn in_decimals(self, decimals: u8) -> Option<i64> {
        let step = step(decimals);
        (self.0 % step == 0).then_some(self.0 / step)
    }

    /// Parses a JSON number, which may have an exponent.
    fn from_json_number(text: &str) -> Result<Self, Invalid> {
        let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
            return text.parse();
        };
        exponent
            .parse()
            .map_err(|_| not_an_amount())
            .and_then(|exponent| decimal(mantissa, exponent))
    }
}

/// Ten-thousandths per unit of this many decimals.
fn step(decimals: u8) -> i64 {
    10_i64.pow(u32::from(DECIMALS.saturating_sub(decimals)))
}

fn not_an_amount() -> Invalid {
    Invalid::new("an amount is a number with at most four decimals, such as 85.96")
}

fn too_large() -> Invalid {
    Invalid::new("an amount is at most 10000000000")
}

/// Parses a decimal number times a power of ten.
fn decimal(text: &str, exponent: i64) -> Result<Amount, Invalid> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return Err(not_an_amount());
    }
    // Strip zeros at both ends: what remains are the significant digits and the power of the last one.
    let fraction = fraction.trim_end_matches('0');
    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Ok(Amount::ZERO);
    }
    let zeros = all.len() - all.trim_end_matches('0').len();
    let count = |len: usize| i64::try_from(len).map_err(|_| too_large());
    let power = exponent
        .saturating_sub(count(fraction.len())?)
        .saturating_add(count(zeros)?);
    if power < -i64::from(DECIMALS) {
        return Err(not_an_amount());
    }
    let scaled = u32::try_from(power + i64::from(DECIMALS))
        .ok()
        .and_then(|power| 10_i64.checked_pow(power))
        .zip(significant.parse::<i64>().ok())
        .and_then(|(power, digits)| digits.checked_mul(power))
        .ok_or_else(too_large)?;
    Amount::from_ten_thousandths(if negative { -scaled } else { scaled })
}

impl fmt::Display for Amount {
    /// With two decimals, or more where needed: `85.90`, `1.234`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let scaled = self.0.unsigned_abs();
        let fraction = format!("{:04}", scaled % 10_000);
        let (cents, rest) = fraction.split_at(2);
        let rest = rest.trim_end_matches('0');
        write!(f, "{sign}{}.{cents}{rest}", scaled / 10_000)
    }
}

impl FromStr for Amount {
    type Err = Invalid;

    /// Parses decimal text: `85`, `85.9`, `85.96`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        decimal(text, 0)
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
        // From the number's text: as a double 19.99000000000000000000000000001 would become 19.99.
        let number = Box::<RawValue>::deserialize(deserializer)?;
        Self::from_json_number(number.get()).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn json_numbers_are_exact() {
        for (json, scaled) in [
            ("17000", 170_000_000),
            ("17000.0", 170_000_000),
            ("17000.000000", 170_000_000),
            ("1.7e4", 170_000_000),
            ("1700000E-2", 170_000_000),
            ("85.96", 859_600),
            ("1.234", 12_340),
            ("0.0001", 1),
            ("1e-4", 1),
            ("0.1", 1_000),
            ("-3.05", -30_500),
            ("-0", 0),
            ("0e999999999", 0),
            ("10000000000", Amount::MAX_TEN_THOUSANDTHS),
        ] {
            let amount: Amount = serde_json::from_str(json).unwrap();
            assert_eq!(amount.ten_thousandths(), scaled, "{json}");
        }
        let json = |scaled| serde_json::to_string(&Amount(scaled)).unwrap();
        assert_eq!(json(85_000_000), "8500.0");
        assert_eq!(json(859_600), "85.96");
        assert_eq!(json(12_340), "1.234");
    }

    #[test]
    fn what_is_no_amount_is_refused_not_rounded() {
        for json in [
            "85.96001",
            "19.99000000000000000000000000001",
            "1e-5",
            "1e11",
            "1e300",
            "1e99999999999999999999",
            "9999999999999999999999999999",
            "\"85\"",
            "null",
            "true",
            "[1]",
            "{}",
            "10000000000.01",
            "10000000000.0001",
        ] {
            assert!(serde_json::from_str::<Amount>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn text_is_a_plain_number() {
        assert_eq!("85.9".parse(), Ok(Amount(859_000)));
        for wrong in ["", "-", ".5", "5.", "+5", "1e2", "1,5", " 5", "５"] {
            assert!(wrong.parse::<Amount>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_amount_survives_json(
            scaled in -Amount::MAX_TEN_THOUSANDTHS..=Amount::MAX_TEN_THOUSANDTHS
        ) {
            let json = serde_json::to_string(&Amount(scaled)).unwrap();
            prop_assert_eq!(serde_json::from_str::<Amount>(&json).unwrap(), Amount(scaled));
        }
    }
}
