//! Seat numbers and cabin layouts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Invalid;

/// A named seat: a row letter and a number from 1 to 999, such as `A1`.
///
/// Seats sort by row, then by number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SeatNumber {
    row: u8,
    number: u16,
}

impl SeatNumber {
    /// The row's letter as an ASCII byte.
    #[must_use]
    pub fn row(self) -> u8 {
        self.row
    }

    /// The number within the row, from 1.
    #[must_use]
    pub fn number(self) -> u16 {
        self.number
    }

    /// Whether both seats are neighbours in one row.
    #[must_use]
    pub fn is_beside(self, other: Self) -> bool {
        self.row == other.row && self.number.abs_diff(other.number) == 1
    }
}

/// A number from 1 to 999 without sign or leading zero.
fn plain_number(text: &str) -> Option<u16> {
    let plain = (1..=3).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && !text.starts_with('0');
    plain.then(|| text.parse().ok()).flatten()
}

impl FromStr for SeatNumber {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        text.split_at_checked(1)
            .and_then(|(row, number)| {
                let row = row.bytes().next().filter(u8::is_ascii_alphabetic)?;
                Some(Self {
                    row: row.to_ascii_uppercase(),
                    number: plain_number(number)?,
                })
            })
            .ok_or_else(|| {
                Invalid::new("a seat is a row letter and a number from 1 to 999, such as A1")
            })
    }
}

impl TryFrom<String> for SeatNumber {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<SeatNumber> for String {
    fn from(seat: SeatNumber) -> Self {
        seat.to_string()
    }
}

impl fmt::Display for SeatNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", char::from(self.row), self.number)
    }
}

impl fmt::Debug for SeatNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The seats of a cabin: a block of equal rows, shared by all flights of the same layout.
///
/// In text `rows A-C, seats 1-10`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SeatLayout {
    first_row: u8,
    last_row: u8,
    first_number: u16,
    last_number: u16,
}

impl SeatLayout {
    /// Number of seats.
    #[must_use]
    pub fn seat_count(&self) -> u32 {
        let rows = u32::from(self.last_row - self.first_row) + 1;
        rows * (u32::from(self.last_number - self.first_number) + 1)
    }

    /// Whether the seat is in this layout.
    #[must_use]
    pub fn contains(&self, seat: SeatNumber) -> bool {
        (self.first_row..=self.last_row).contains(&seat.row)
            && (self.first_number..=self.last_number).contains(&seat.number)
    }

    /// All seats, by row and number.
    pub fn seats(&self) -> impl Iterator<Item = SeatNumber> + use<> {
        let numbers = self.first_number..=self.last_number;
        (self.first_row..=self.last_row).flat_map(move |row| {
            numbers
                .clone()
                .map(move |number| SeatNumber { row, number })
        })
    }
}

impl FromStr for SeatLayout {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let parse = || {
            let (rows, numbers) = text.strip_prefix("rows ")?.split_once(", seats ")?;
            let (first_row, last_row) = rows.split_once('-')?;
            let letter = |row: &str| match *row.as_bytes() {
                [letter @ b'A'..=b'Z'] => Some(letter),
                _ => None,
            };
            let (first_number, last_number) = numbers.split_once('-')?;
            let layout = Self {
                first_row: letter(first_row)?,
                last_row: letter(last_row)?,
                first_number: plain_number(first_number)?,
                last_number: plain_number(last_number)?,
            };
            (layout.first_row <= layout.last_row && layout.first_number <= layout.last_number)
                .then_some(layout)
        };
        parse().ok_or_else(|| Invalid::new("a seat map is written like this: rows A-C, seats 1-10"))
    }
}

impl fmt::Display for SeatLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first_row, last_row) = (char::from(self.first_row), char::from(self.last_row));
        write!(
            f,
            "rows {first_row}-{last_row}, seats {}-{}",
            self.first_number, self.last_number
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_parse_and_print() {
        assert_eq!("a1".parse::<SeatNumber>().unwrap().to_string(), "A1");
        assert_eq!("Z999".parse::<SeatNumber>().unwrap().to_string(), "Z999");
        for wrong in [
            "", "A", "1", "A0", "A01", "A+1", "A1000", "AA1", "A1 ", "É1",
        ] {
            assert!(wrong.parse::<SeatNumber>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn seats_sort_by_row_then_number() {
        let mut seats = ["B1", "A10", "A2"].map(|text| text.parse::<SeatNumber>().unwrap());
        seats.sort();
        assert_eq!(seats.map(|seat| seat.to_string()), ["A2", "A10", "B1"]);
    }

    #[test]
    fn the_demo_layout_has_thirty_seats_in_order() {
        let layout: SeatLayout = "rows A-C, seats 1-10".parse().unwrap();
        assert_eq!(layout.seat_count(), 30);
        let seats: Vec<String> = layout.seats().map(|seat| seat.to_string()).collect();
        assert_eq!(seats.len(), 30);
        assert_eq!((seats[0].as_str(), seats[29].as_str()), ("A1", "C10"));
        assert!(layout.seats().all(|seat| layout.contains(seat)));
        assert!(!layout.contains("D1".parse().unwrap()));
        assert!(!layout.contains("A11".parse().unwrap()));
        assert_eq!(layout.to_string(), "rows A-C, seats 1-10");
    }

    #[test]
    fn a_layout_that_runs_backwards_is_refused() {
        for wrong in [
            "rows C-A, seats 1-10",
            "rows A-C, seats 9-1",
            "rows A-C",
            "A-C 1-10",
            "",
        ] {
            assert!(wrong.parse::<SeatLayout>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn neighbours_share_a_row() {
        let seat = |text: &str| text.parse::<SeatNumber>().unwrap();
        assert!(seat("A1").is_beside(seat("A2")));
        assert!(!seat("A1").is_beside(seat("A3")));
        assert!(!seat("A1").is_beside(seat("B2")));
    }
}
