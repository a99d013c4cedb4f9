//! Filters: conditions on itineraries beside airports and day.

use std::fmt;
use std::str::FromStr;

use domain::{AirlineCode, AirportCode, Amount, Invalid};
use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// Conditions on every itinerary of an answer; none by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filters {
    /// Highest price of one seat on all legs, as an amount of the itinerary's own currency.
    pub max_price: Option<Amount>,
    /// Longest time from first departure to last arrival, in seconds.
    pub max_duration_s: Option<u32>,
    /// When the first leg departs, in the source's local time.
    pub departure: Option<TimeWindow>,
    /// When the last leg arrives, in the destination's local time, on any day.
    pub arrival: Option<TimeWindow>,
    /// Allowed airlines, each leg by any of them; empty: all.
    pub airlines: Vec<AirlineCode>,
    /// Via airports: the itinerary changes at each, in any order, and may change elsewhere too.
    pub via: Vec<AirportCode>,
    /// Airports where the itinerary must not change.
    pub exclude: Vec<AirportCode>,
}

/// A window of local time, both ends included. One whose end is before its start spans midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeWindow {
    from_s: u32,
    to_s: u32,
}

impl TimeWindow {
    /// From one time of day to another, both included.
    #[must_use]
    pub fn new(from: Time, to: Time) -> Self {
        let second = |time: Time| {
            let seconds = time.duration_since(Time::midnight()).as_secs();
            // A time of day is never negative and fits, so the default is never used.
            u32::try_from(seconds).unwrap_or_default()
        };
        Self {
            from_s: second(from),
            to_s: second(to),
        }
    }

    fn contains(self, second: u32) -> bool {
        if self.from_s <= self.to_s {
            (self.from_s..=self.to_s).contains(&second)
        } else {
            second >= self.from_s || second <= self.to_s
        }
    }
}

impl FromStr for TimeWindow {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let time = |text: &str| match text.as_bytes() {
            [_, _, b':', _, _] => text.parse::<Time>().ok(),
            _ => None,
        };
        let ends = text.split_once('-');
        let window = ends.and_then(|(from, to)| Some(Self::new(time(from)?, time(to)?)));
        window.ok_or_else(|| Invalid::new("a time window is two times of day, such as 06:00-11:30"))
    }
}

impl fmt::Display for TimeWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minute = |second: u32| (second / 3600, second / 60 % 60);
        let ((from_h, from_min), (to_h, to_min)) = (minute(self.from_s), minute(self.to_s));
        write!(f, "{from_h:02}:{from_min:02}-{to_h:02}:{to_min:02}")
    }
}

/// A time window in an airport's time zone.
pub(crate) struct LocalWindow<'a> {
    pub window: TimeWindow,
    pub zone: &'a TimeZone,
}

impl LocalWindow<'_> {
    /// Whether this moment's local time is in the window.
    pub fn contains(&self, at: Timestamp) -> bool {
        let local_s = at.as_second() + i64::from(self.zone.to_offset(at).seconds());
        // The remainder is from 0 to 86,399, so the default is never used.
        let second = u32::try_from(local_s.rem_euclid(SECONDS_A_DAY)).unwrap_or_default();
        self.window.contains(second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_two_times_of_day() {
        for text in ["06:00-11:30", "22:00-02:00", "00:00-23:59", "07:15-07:15"] {
            assert_eq!(text.parse::<TimeWindow>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "-",
            "06:00",
            "06:00-",
            "6:00-11:30",
            "06:00-24:00",
            "06:00-11:60",
            "06:00:00-11:00",
            "06:00-11:30-12:00",
            "06:00 - 11:30",
            "0600-1130",
        ] {
            assert!(text.parse::<TimeWindow>().is_err(), "{text}");
        }
    }

    #[test]
    fn both_ends_are_in_it_and_it_may_go_past_midnight() {
        let zone = TimeZone::get("Asia/Kolkata").unwrap();
        let contains = |window: &str, at: &str| {
            let window = window.parse().unwrap();
            LocalWindow {
                window,
                zone: &zone,
            }
            .contains(at.parse().unwrap())
        };
        // 08:00 in India.
        let morning = "2024-02-15T02:30:00Z";
        assert!(contains("08:00-09:00", morning) && contains("07:00-08:00", morning));
        assert!(!contains("08:01-09:00", morning) && !contains("08:01-07:59", morning));
        assert!(contains("22:00-08:00", morning) && contains("08:00-02:00", morning));
    }
}
