//! Conversion of local times to moments.
//!
//! - A local time that does not exist, because clocks go forward, is refused.
//! - Of an ambiguous local time, because clocks go back, the first moment counts; for an arrival the first one after
//!   the departure.
//! - A flight arrives on the day that makes it the shortest, which may be the previous day across the date line,
//!   unless the file states the day: `06:10+1`, `23:05-1`.
//! - Dated flights are moments; local times matter only when they are shifted by whole days, which keeps the local
//!   time of departure. A shifted time that does not exist moves forward by the gap, because the file's own time is
//!   valid; an ambiguous one keeps its offset.

use std::str::FromStr;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp};

/// Possible days of arrival, counted from the day of departure. Clocks are at most 26 hours apart, and no
/// flight takes two days.
const ARRIVAL_DAYS: std::ops::RangeInclusive<i64> = -2..=3;

/// A local time of arrival, optionally with its day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    time: Time,
    /// Days after the day of departure; `None`: the day that makes the flight the shortest.
    day: Option<i64>,
}

impl FromStr for Arrival {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a time such as 10:30, or with the day 06:10+1 or 23:05-1".to_owned();
        let (time, day) = match text.find(['+', '-']) {
            None => (text, None),
            Some(at) => {
                let (time, day) = text.split_at(at);
                let day: i64 = day.parse().map_err(|_| wrong())?;
                (time, Some(day))
            }
        };
        if day.is_some_and(|day| !ARRIVAL_DAYS.contains(&day)) {
            return Err(wrong());
        }
        let time = time.parse().map_err(|_| wrong())?;
        Ok(Self { time, day })
    }
}

/// Departure and arrival of a flight on this date, local to these two zones.
///
/// # Errors
/// A local time does not exist, or the flight would arrive before it departs.
pub(super) fn flown(
    date: Date,
    departs: Time,
    arrives: Arrival,
    (source, destination): (&TimeZone, &TimeZone),
) -> Result<(Timestamp, Timestamp), String> {
    let local = date.to_datetime(departs);
    let Some([departs_at, _]) = moments(local, source) else {
        return Err(skipped(local, source));
    };
    let days = arrives.day.map_or(ARRIVAL_DAYS, |day| day..=day);
    for day in days {
        let day = Span::new()
            .try_days(day)
            .and_then(|day| date.checked_add(day));
        let local = day
            .map_err(|error| error.to_string())?
            .to_datetime(arrives.time);
        match moments(local, destination) {
            Some(both) => {
                if let Some(arrives_at) = both.into_iter().find(|at| *at > departs_at) {
                    return Ok((departs_at, arrives_at));
                }
            }
            // The moment as if clocks had not gone forward tells whether it is this day.
            None if destination
                .to_timestamp(local)
                .is_ok_and(|at| at > departs_at) =>
            {
                return Err(skipped(local, destination));
            }
            None => {}
        }
    }
    Err("it would arrive before it departs".to_owned())
}

/// The one or two moments of a local time, in order; `None` if it does not exist.
fn moments(local: DateTime, zone: &TimeZone) -> Option<[Timestamp; 2]> {
    let at = zone.to_ambiguous_timestamp(local);
    if matches!(at.offset(), AmbiguousOffset::Gap { .. }) {
        return None;
    }
    Some([at.earlier().ok()?, at.later().ok()?])
}

fn skipped(local: DateTime, zone: &TimeZone) -> String {
    let zone = zone.iana_name().unwrap_or("its zone");
    format!("there is no {local} in {zone}: the clocks go forward then")
}

/// A shifted moment.
pub(super) struct Shifted {
    pub(super) at: Timestamp,
    /// The local time is later than before, because the same one does not exist.
    pub(super) is_later: bool,
}

/// The same local time some days later; for zero days the same moment.
///
/// # Errors
/// The result is beyond the calendar.
pub(super) fn shifted(at: Timestamp, days: i64, zone: &TimeZone) -> Result<Shifted, jiff::Error> {
    if days == 0 {
        return Ok(Shifted {
            at,
            is_later: false,
        });
    }
    let before = zone.to_offset(at);
    let local = before
        .to_datetime(at)
        .checked_add(Span::new().try_days(days)?)?;
    let ambiguous = zone.to_ambiguous_timestamp(local);
    let is_later = matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. });
    let at = match ambiguous.offset() {
        AmbiguousOffset::Fold { after, .. } if after == before => ambiguous.later()?,
        _ => ambiguous.compatible()?,
    };
    Ok(Shifted { at, is_later })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    /// Flight time in minutes.
    fn minutes(
        day: Date,
        departs: &str,
        arrives: &str,
        zones: (&str, &str),
    ) -> Result<i64, String> {
        let zones = (&zone(zones.0), &zone(zones.1));
        let departs: Time = departs.parse().unwrap();
        let (departs_at, arrives_at) = flown(day, departs, arrives.parse()?, zones)?;
        Ok(arrives_at.duration_since(departs_at).as_secs() / 60)
    }

    #[test]
    fn the_day_of_arrival_makes_the_flight_the_shortest() {
        let day = date(2030, 6, 10);
        for (departs, arrives, zones, expected) in [
            ("08:00", "10:30", ("Asia/Kolkata", "Asia/Kolkata"), 150),
            ("23:30", "01:45", ("Asia/Kolkata", "Asia/Kolkata"), 135),
            // Across the date line, both ways.
            ("12:00", "12:35", ("Pacific/Apia", "Pacific/Pago_Pago"), 35),
            ("12:00", "12:35", ("Pacific/Pago_Pago", "Pacific/Apia"), 35),
            ("10:00", "06:00", ("Asia/Tokyo", "America/Los_Angeles"), 720),
            (
                "22:00",
                "06:00",
                ("America/Los_Angeles", "Australia/Sydney"),
                900,
            ),
            ("08:00", "08:00", ("Asia/Kolkata", "Asia/Kolkata"), 1440),
        ] {
            let found = minutes(day, departs, arrives, zones);
            assert_eq!(found, Ok(expected), "{departs} {arrives} {zones:?}");
        }
    }

    #[test]
    fn a_day_that_is_said_is_the_day() {
        let day = date(2030, 6, 10);
        let zones = ("Asia/Kolkata", "Asia/Kolkata");
        assert_eq!(minutes(day, "08:00", "10:30+1", zones), Ok(1590));
        let line = ("Pacific/Apia", "Pacific/Pago_Pago");
        assert_eq!(minutes(day, "12:00", "12:35-1", line), Ok(35));
        assert_eq!(minutes(day, "12:00", "12:35+0", line), Ok(35 + 1440));
        assert!(minutes(day, "08:00", "10:30-1", zones).is_err());
        for wrong in ["10:30+", "10:30+9", "10:30 +1", "+1", "25:00", "10:30++1"] {
            assert!(wrong.parse::<Arrival>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_that_the_clocks_skip_is_refused() {
        let spring = date(2030, 3, 10);
        let new_york = ("America/New_York", "America/New_York");
        let refusal = minutes(spring, "02:30", "05:00", new_york).unwrap_err();
        assert!(refusal.contains("2030-03-10T02:30:00"), "{refusal}");
        assert!(minutes(spring, "00:30", "02:30", new_york).is_err());
        assert_eq!(minutes(spring, "01:30", "03:30", new_york), Ok(60));
        assert_eq!(minutes(spring, "01:30", "03:30-0", new_york), Ok(60));
    }

    #[test]
    fn a_time_that_comes_twice_is_the_first_that_can_be() {
        let autumn = date(2030, 11, 3);
        let new_york = ("America/New_York", "America/New_York");
        assert_eq!(minutes(autumn, "01:30", "03:30", new_york), Ok(180));
        assert_eq!(minutes(autumn, "00:30", "01:30", new_york), Ok(60));
        // 01:45 departs in the first hour, so 01:15 is in the second.
        assert_eq!(minutes(autumn, "01:45", "01:15", new_york), Ok(30));
    }

    #[test]
    fn a_shift_keeps_the_local_time_and_no_shift_the_moment() {
        let new_york = zone("America/New_York");
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let moved = |text, days| shifted(at(text), days, &new_york).unwrap();
        // The second 01:30 of the night in which clocks go back.
        let second = "2030-11-03T01:30:00-05:00";
        assert_eq!(moved(second, 0).at, at(second));
        assert_eq!(moved(second, 7).at, at("2030-11-10T01:30:00-05:00"));
        assert_eq!(
            moved("2030-10-27T01:30:00-04:00", 7).at,
            at("2030-11-03T01:30:00-04:00")
        );
        let winter = at("2030-11-10T01:30:00-05:00");
        let back = shifted(winter, -7, &new_york).unwrap();
        assert_eq!(back.at, at(second));
        let skipped = moved("2030-03-03T02:30:00-05:00", 7);
        assert_eq!(skipped.at, at("2030-03-10T03:30:00-04:00"));
        assert!(skipped.is_later);
        assert!(!moved("2030-03-03T01:30:00-05:00", 7).is_later);
    }
}
