//! Currencies: ISO 4217 codes and the decimals of their minor units.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};

use crate::Invalid;

/// ISO 4217's list of current currencies and funds (SIX Group, amendment 179, from 2026), by the decimals of
/// their minor unit. Left out are metals, bonds, test codes and "no currency", which have no minor unit, and
/// withdrawn currencies. The best kept crate, `iso_currency`, takes the Venezuelan bolívar (VES) for
/// withdrawn.
const LISTED: [(u8, &str); 4] = [
    (
        2,
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN \
     BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD \
     FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW \
     KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR \
     MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG \
     SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD \
     USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG",
    ),
    (
        0,
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    ),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
];

/// The decimals of unlisted currencies: what nearly all currencies have.
const UNLISTED_DECIMALS: u8 = 2;

/// A currency by its ISO 4217 code, upper case: `INR`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency {
    code: [u8; 3],
    decimals: u8,
}

impl Currency {
    /// Indian rupee.
    pub const INR: Self = Self {
        code: *b"INR",
        decimals: 2,
    };
    /// United States dollar.
    pub const USD: Self = Self {
        code: *b"USD",
        decimals: 2,
    };

    /// The ISO 4217 code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // ASCII by construction, so this never takes the default.
        std::str::from_utf8(&self.code).unwrap_or_default()
    }

    /// Decimals of its amounts: 2 for `INR`, 0 for `JPY`, 3 for `KWD`.
    #[must_use]
    pub fn decimals(self) -> u8 {
        self.decimals
    }

    /// Formats minor units in the currency's unit: `1010` for yen, `85.90` for rupees. Takes an `i64`,
    /// because sums may exceed the limit of an amount.
    #[must_use]
    pub fn decimal(self, minor: i64) -> String {
        let sign = if minor < 0 { "-" } else { "" };
        let decimals = usize::from(self.decimals);
        let unit = 10_u64.pow(u32::from(self.decimals));
        let (whole, rest) = (minor.unsigned_abs() / unit, minor.unsigned_abs() % unit);
        if decimals == 0 {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{rest:0decimals$}")
        }
    }

    /// A currency from the database. Nothing new is sold in a withdrawn currency, but old rows must stay
    /// readable.
    ///
    /// # Errors
    /// The text does not have the form of a code.
    pub fn stored(text: &str) -> Result<Self, Invalid> {
        let code = code_of(text)?;
        let decimals = listed_decimals(text).unwrap_or(UNLISTED_DECIMALS);
        Ok(Self { code, decimals })
    }

    /// For `#[serde(deserialize_with)]`: reads existing values as [`stored`](Self::stored) does.
    ///
    /// # Errors
    /// The text does not have the form of a code.
    pub fn deserialize_stored<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::stored(&text).map_err(de::Error::custom)
    }

    /// All currencies that can be sold in.
    pub fn all() -> impl Iterator<Item = Self> {
        LISTED.iter().flat_map(|&(decimals, codes)| {
            codes.split(' ').filter_map(move |code| {
                let code = code_of(code).ok()?;
                Some(Self { code, decimals })
            })
        })
    }
}

fn code_of(text: &str) -> Result<[u8; 3], Invalid> {
    match *text.as_bytes() {
        [a, b, c] if text.bytes().all(|letter| letter.is_ascii_uppercase()) => Ok([a, b, c]),
        _ => Err(Invalid::new("a currency is an ISO 4217 code such as INR")),
    }
}

fn listed_decimals(text: &str) -> Option<u8> {
    let mut listed = LISTED.iter();
    let is_in = |codes: &str| {
        codes
            .as_bytes()
            .chunks(4)
            .any(|code| code.starts_with(text.as_bytes()))
    };
    listed
        .find(|(_, codes)| is_in(codes))
        .map(|(decimals, _)| *decimals)
}

impl FromStr for Currency {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let code = code_of(text)?;
        let decimals = listed_decimals(text)
            .ok_or_else(|| Invalid::new(format!("{text} is not a currency of ISO 4217")))?;
        Ok(Self { code, decimals })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn currencies_have_the_decimals_of_iso_4217() {
        for (code, decimals) in [
            ("INR", 2),
            ("EUR", 2),
            ("VES", 2),
            ("JPY", 0),
            ("KRW", 0),
            ("ISK", 0),
            ("KWD", 3),
            ("BHD", 3),
            ("CLF", 4),
        ] {
            let currency: Currency = code.parse().unwrap();
            assert_eq!(currency.decimals(), decimals, "{code}");
        }
        assert_eq!(Currency::all().count(), 164);
        for currency in Currency::all() {
            assert_eq!(currency.as_str().parse(), Ok(currency));
        }
    }

    #[test]
    fn what_is_no_currency_is_refused() {
        for wrong in [
            "", "ZZZ", "XXX", "XTS", "XAU", "HRK", "DEM", "inr", "IN", "INRR", "ÀÀ",
        ] {
            assert!(wrong.parse::<Currency>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_withdrawn_currency_can_still_be_read() {
        assert_eq!(Currency::stored("HRK").unwrap().as_str(), "HRK");
        assert_eq!(Currency::stored("JPY").unwrap().decimals(), 0);
        assert!(Currency::stored("hrk").is_err());
    }
}
