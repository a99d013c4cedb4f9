//! The month of a fare calendar.

use std::fmt;
use std::str::FromStr;

use domain::Invalid;
use jiff::ToSpan as _;
use jiff::civil::Date;

/// A month of a year, written `2024-02`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    first_day: Date,
}

impl Month {
    #[must_use]
    pub fn first_day(self) -> Date {
        self.first_day
    }

    /// All days, in order.
    pub fn days(self) -> impl Iterator<Item = Date> {
        let first = self.first_day;
        (0..i64::from(first.days_in_month())).map(move |day| first.saturating_add(day.days()))
    }
}

impl FromStr for Month {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let is_year_and_month =
            matches!(text.as_bytes(), [year @ .., b'-', _, _] if year.len() == 4);
        let first_day = is_year_and_month.then(|| format!("{text}-01").parse().ok());
        match first_day.flatten() {
            Some(first_day) => Ok(Self { first_day }),
            None => Err(Invalid::new(
                "a month is a year and a month, such as 2024-02",
            )),
        }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month) = (self.first_day.year(), self.first_day.month());
        write!(f, "{year:04}-{month:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_its_days() {
        for (text, days) in [
            ("2024-02", 29),
            ("2023-02", 28),
            ("2024-12", 31),
            ("9999-12", 31),
        ] {
            let month: Month = text.parse().unwrap();
            assert_eq!(month.days().count(), days);
            assert_eq!(month.to_string(), text);
            let in_month = |day: Date| day.to_string().starts_with(text);
            assert!(month.days().all(in_month));
        }
    }

    #[test]
    fn other_texts_are_no_month() {
        for text in [
            "",
            "2024",
            "2024-13",
            "2024-00",
            "2024-2",
            "24-02",
            "2024-02-01",
            "-024-02",
            "2024/02",
        ] {
            assert!(text.parse::<Month>().is_err(), "{text}");
        }
    }
}
