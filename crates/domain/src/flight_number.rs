//! Flight numbers: an airline's designator and a number.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Invalid;

/// A flight number such as `AI101`: two or three letters or digits for the airline, then one to six
/// digits. It repeats from day to day; a flight is one departure.
///
/// IATA numbers have at most four digits. The packed week of US flights counts its rows instead,
/// up to six.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FlightNumber(String);

impl FlightNumber {
    /// The number as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FlightNumber {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let bytes = text.as_bytes();
        let airline_len = match bytes.get(2) {
            Some(third) if third.is_ascii_alphabetic() => 3,
            _ => 2,
        };
        let (airline, number) = bytes.split_at_checked(airline_len).unwrap_or_default();
        let well_formed = airline.iter().all(u8::is_ascii_alphanumeric)
            && airline.iter().any(u8::is_ascii_alphabetic)
            && (1..=6).contains(&number.len())
            && number.iter().all(u8::is_ascii_digit);
        if well_formed {
            Ok(Self(text.to_ascii_uppercase()))
        } else {
            Err(Invalid::new(
                "a flight number is an airline's two or three characters and up to six digits, such as AI101",
            ))
        }
    }
}

impl TryFrom<String> for FlightNumber {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<FlightNumber> for String {
    fn from(number: FlightNumber) -> Self {
        number.0
    }
}

impl fmt::Display for FlightNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for FlightNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_real_airlines_parse() {
        for text in ["AI101", "6E1", "FL123", "MQ1", "US112987", "EZY12", "ai7"] {
            assert!(text.parse::<FlightNumber>().is_ok(), "{text}");
        }
    }

    #[test]
    fn other_texts_do_not() {
        for text in ["", "AI", "101", "AI-101", "AI1234567", "AIR", "A I1", "ÄI1"] {
            assert!(text.parse::<FlightNumber>().is_err(), "{text}");
        }
    }
}
