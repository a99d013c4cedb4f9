//! Airline designators: the prefixes of flight numbers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Invalid;

/// An airline's designator, upper case: two characters, at least one of them a letter (IATA: `AI`, `6E`), or
/// the same with a third letter (`EZY`).
///
/// Parsing accepts lower case, because people type it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AirlineCode(
    /// Two characters are padded with a zero byte, so that codes compare as their texts do.
    [u8; 3],
);

impl AirlineCode {
    /// For example `AI`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let text = match &self.0 {
            [first_two @ .., 0] => first_two,
            all => all.as_slice(),
        };
        // ASCII by construction, so this never takes the default.
        std::str::from_utf8(text).unwrap_or_default()
    }

    /// The airline of a flight number that begins with these bytes.
    pub(crate) fn beginning([first, second, third]: [u8; 3]) -> Self {
        // A third letter is the airline's, a third digit is the number's.
        let third = if third.is_ascii_alphabetic() {
            third
        } else {
            0
        };
        Self([first, second, third])
    }
}

impl FromStr for AirlineCode {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let code = match *text.as_bytes() {
            [first, second] => [first, second, 0],
            [first, second, third] if third.is_ascii_alphabetic() => [first, second, third],
            _ => [0; 3],
        };
        let [first, second, _] = code;
        let well_formed = [first, second].iter().all(u8::is_ascii_alphanumeric)
            && text
                .bytes()
                .any(|character| character.is_ascii_alphabetic());
        if well_formed {
            Ok(Self(code.map(|character| character.to_ascii_uppercase())))
        } else {
            Err(Invalid::new(
                "an airline is named by the two or three characters that its flight numbers begin \
                 with, such as AI",
            ))
        }
    }
}

impl TryFrom<String> for AirlineCode {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<AirlineCode> for String {
    fn from(code: AirlineCode) -> Self {
        code.as_str().to_owned()
    }
}

impl fmt::Display for AirlineCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AirlineCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn designators_of_real_airlines_parse() {
        for (text, code) in [("AI", "AI"), ("6e", "6E"), ("U2", "U2"), ("ezy", "EZY")] {
            assert_eq!(text.parse::<AirlineCode>().unwrap().as_str(), code);
        }
    }

    #[test]
    fn other_texts_do_not() {
        for text in ["", "A", "11", "AI1", "EZYX", "A-", "A ", "ÄI", "AÄ"] {
            assert!(text.parse::<AirlineCode>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_shorter_designator_comes_before_a_longer_one() {
        let code = |text: &str| text.parse::<AirlineCode>().unwrap();
        assert!(code("AI") < code("AIA") && code("AIA") < code("AJ"));
    }
}
