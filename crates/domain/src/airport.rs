//! Airports by their IATA code.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Invalid;

/// A three-letter IATA airport code, upper case: `DEL`.
///
/// Parsing accepts lower case, because people type it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AirportCode([u8; 3]);

impl AirportCode {
    /// For example `DEL`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // ASCII by construction, so this never takes the default.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for AirportCode {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match *text.as_bytes() {
            [a, b, c] if text.bytes().all(|letter| letter.is_ascii_alphabetic()) => {
                Ok(Self([a, b, c].map(|letter| letter.to_ascii_uppercase())))
            }
            _ => Err(Invalid::new(
                "an airport is named by its IATA code of three letters, such as DEL",
            )),
        }
    }
}

impl TryFrom<String> for AirportCode {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<AirportCode> for String {
    fn from(code: AirportCode) -> Self {
        code.as_str().to_owned()
    }
}

impl fmt::Display for AirportCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AirportCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_three_letters_in_any_case() {
        assert_eq!("del".parse::<AirportCode>().unwrap().as_str(), "DEL");
        for wrong in ["", "DE", "DELH", "D3L", "DÉ", "дел"] {
            assert!(wrong.parse::<AirportCode>().is_err(), "{wrong}");
        }
    }
}
