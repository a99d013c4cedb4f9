//! Flight numbers: an airline's designator and a number.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{AirlineCode, Invalid};

/// A flight number such as `AI101`: two or three letters or digits for the airline, then one to six
/// digits. It repeats from day to day; a flight is one departure.
///
/// IATA numbers have at most four digits. The packed week of US flights counts its rows instead,
/// up to six.
///
/// Ten bytes without an allocation: a schedule has hundreds of thousands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FlightNumber {
    /// Padded with zero bytes, so that numbers compare as their texts do.
    text: [u8; TEXT_LIMIT],
    len: u8,
}

/// Three characters and six digits.
const TEXT_LIMIT: usize = 9;

impl FlightNumber {
    /// For example `AI101`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let text = self.text.get(..usize::from(self.len)).unwrap_or_default();
        // ASCII by construction, so this never takes the default.
        std::str::from_utf8(text).unwrap_or_default()
    }

    /// The airline of the designator.
    #[must_use]
    pub fn airline(&self) -> AirlineCode {
        let [first, second, third, ..] = self.text;
        AirlineCode::beginning([first, second, third])
    }
}

impl FromStr for FlightNumber {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let bytes = text.as_bytes();
        let well_formed = bytes.first_chunk().is_some_and(|beginning| {
            let airline_length = AirlineCode::beginning(*beginning).as_str().len();
            let (airline, number) = bytes.split_at(airline_length);
            airline.iter().all(u8::is_ascii_alphanumeric)
                && airline.iter().any(u8::is_ascii_alphabetic)
                && (1..=6).contains(&number.len())
                && number.iter().all(u8::is_ascii_digit)
        });
        let mut padded = [0; TEXT_LIMIT];
        match (padded.get_mut(..bytes.len()), u8::try_from(bytes.len())) {
            (Some(start), Ok(len)) if well_formed => {
                start.copy_from_slice(bytes);
                start.make_ascii_uppercase();
                Ok(Self { text: padded, len })
            }
            _ => Err(Invalid::new(
                "a flight number is an airline's two or three characters and up to six digits, such as AI101",
            )),
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
        number.as_str().to_owned()
    }
}

impl fmt::Display for FlightNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for FlightNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_real_airlines_parse() {
        for text in ["AI101", "6E1", "FL123", "MQ1", "US112987", "EZY12", "ai7"] {
            let number: FlightNumber = text.parse().unwrap();
            assert_eq!(number.as_str(), text.to_ascii_uppercase());
        }
    }

    #[test]
    fn a_number_begins_with_its_airline() {
        for (number, airline) in [
            ("AI101", "AI"),
            ("6E1", "6E"),
            ("ezy12", "EZY"),
            ("U21", "U2"),
        ] {
            let number: FlightNumber = number.parse().unwrap();
            assert_eq!(number.airline().as_str(), airline);
        }
    }

    #[test]
    fn other_texts_do_not() {
        for text in ["", "AI", "101", "AI-101", "AI1234567", "AIR", "A I1", "ÄI1"] {
            assert!(text.parse::<FlightNumber>().is_err(), "{text}");
        }
    }
}
