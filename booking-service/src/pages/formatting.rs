//! Money, times and counts for people.

use domain::{Amount, Currency, Money};
use flight_api::{Airport, Flight};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use maud::{Markup, html};

use crate::model::event::Event;

/// `₹8,500`, `$75.50`, `CHF 1,200`.
pub(super) fn money(amount: Amount, currency: Currency) -> String {
    // An amount that is not a whole number of minor units was not made here and is shown unchanged.
    Money::new(amount, currency).map_or_else(|_| format!("{}{amount}", unit(currency)), of)
}

pub(super) fn of(money: Money) -> String {
    minor(money.minor(), money.currency())
}

/// From minor units; the sum of many bookings may exceed the range of an [`Amount`].
pub(super) fn minor(minor: i64, currency: Currency) -> String {
    let sign = if minor < 0 { "−" } else { "" };
    let (whole, rest) = split(minor, currency);
    let fraction = match rest {
        0 => String::new(),
        rest => format!(".{rest:0width$}", width = usize::from(currency.decimals())),
    };
    format!("{sign}{}{}{fraction}", unit(currency), grouped(whole))
}

/// From minor units, without the fraction.
pub(super) fn whole(minor: i64, currency: Currency) -> String {
    let sign = if minor < 0 { "−" } else { "" };
    let (whole, _) = split(minor, currency);
    format!("{sign}{}{}", unit(currency), grouped(whole))
}

/// Whole units and remaining minor units.
fn split(minor: i64, currency: Currency) -> (u64, u64) {
    let unit = 10_u64.pow(u32::from(currency.decimals()));
    (minor.unsigned_abs() / unit, minor.unsigned_abs() % unit)
}

/// The sign before an amount: `₹`, or the currency code where its sign is less well known.
pub(super) fn unit(currency: Currency) -> String {
    match currency.as_str() {
        "INR" => "₹".to_owned(),
        "USD" => "$".to_owned(),
        "EUR" => "€".to_owned(),
        "GBP" => "£".to_owned(),
        code => format!("{code}\u{a0}"),
    }
}

/// With thousands separators: `114,024`.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// For counts of signed type; negative becomes 0.
pub(super) fn count(count: i64) -> String {
    grouped(count.max(0).unsigned_abs())
}

/// `1 seat`, `2 seats`.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// `2 h 30 min`.
pub(super) fn duration(minutes: i64) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// Minutes and seconds: `14:59`.
pub(super) fn clock(seconds: i64) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// `Thu 15 Feb 2024`.
pub(super) fn date(date: Date) -> String {
    date.strftime("%a %-d %b %Y").to_string()
}

/// `Thu 15 Feb`.
pub(super) fn short_date(date: Date) -> String {
    date.strftime("%a %-d %b").to_string()
}

/// `15 Feb 2024, 08:00 UTC`, for moments without a place.
pub(super) fn moment(at: Timestamp) -> String {
    let at = at.to_zoned(TimeZone::UTC);
    at.strftime("%-d %b %Y, %H:%M UTC").to_string()
}

/// Like [`moment`]; scripts append the browser's local time.
pub(super) fn local_moment(at: Timestamp) -> Markup {
    html! { time datetime=(at) data-moment { (moment(at)) } }
}

/// Start and venue, in the venue's time zone if known.
pub(super) fn event(event: &Event) -> Markup {
    html! {
        (event_time(event))
        @if let Some(venue) = &event.venue { " · " (venue) }
    }
}

/// `Wed 10 Jul 2030, 19:30 CEST`, or in UTC, to which scripts append the browser's local time.
pub(super) fn event_time(event: &Event) -> Markup {
    let at = event.starts_at;
    let Some(zone) = &event.time_zone else {
        return local_moment(at);
    };
    let local = at.to_zoned(zone.rules().clone());
    let time = local.strftime("%a %-d %b %Y, %H:%M").to_string();
    let machine = local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
    html! { time datetime=(machine) title=(zone) { (time) " " (letters(zone.rules(), at, &machine)) } }
}

/// `IST`, or `UTC+5:30` where the zone has no abbreviation; `text` is the RFC 3339 time.
fn letters(zone: &TimeZone, at: Timestamp, text: &str) -> String {
    let letters = zone.to_offset_info(at).abbreviation().to_owned();
    if letters.starts_with(|first: char| first.is_alphabetic()) {
        letters
    } else {
        offset(text)
    }
}

/// A time in an airport's time zone.
pub(super) struct LocalTime {
    pub(super) date: Date,
    /// `08:00`.
    pub(super) time: String,
    /// `IST`, or `UTC+5:30` where the zone has no abbreviation.
    pub(super) zone: String,
    /// Machine-readable, for the `datetime` attribute.
    pub(super) machine: String,
}

/// Departure and arrival, each in its airport's time zone.
pub(super) fn times(
    flight: &Flight,
    source: Option<&Airport>,
    destination: Option<&Airport>,
) -> (LocalTime, LocalTime) {
    let departs = local(&flight.departure_local, flight.departure_time, source);
    let arrives = local(&flight.arrival_local, flight.arrival_time, destination);
    (departs, arrives)
}

/// `text` is RFC 3339 with the airport's offset, so its civil part is the local time.
fn local(text: &str, at: Timestamp, airport: Option<&Airport>) -> LocalTime {
    let civil: DateTime = text
        .parse()
        .unwrap_or_else(|_| at.to_zoned(TimeZone::UTC).datetime());
    let zone = airport.and_then(|airport| TimeZone::get(&airport.time_zone).ok());
    LocalTime {
        date: civil.date(),
        time: civil.strftime("%H:%M").to_string(),
        zone: zone.map_or_else(|| offset(text), |zone| letters(&zone, at, text)),
        machine: text.to_owned(),
    }
}

/// `UTC+5:30`, from an RFC 3339 time.
fn offset(text: &str) -> String {
    let sign = text.rfind(['+', '-']).filter(|&at| at > 10);
    let offset = sign.and_then(|at| text.get(at..));
    match offset {
        None | Some("+00:00") => "UTC".to_owned(),
        Some(offset) => {
            let (sign, digits) = offset.split_at(1);
            let digits = digits.trim_start_matches('0').trim_end_matches(":00");
            format!("UTC{sign}{digits}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_its_sign_and_no_needless_zeros() {
        let of = |minor, code: &str| {
            let money = Money::from_minor(minor, code.parse().unwrap()).unwrap();
            super::of(money)
        };
        assert_eq!(of(101_000, "JPY"), "JPY\u{a0}101,000");
        assert_eq!(of(1_234, "KWD"), "KWD\u{a0}1.234");
        assert_eq!(of(1_050, "KWD"), "KWD\u{a0}1.050");
        assert_eq!(of(1_700_000, "INR"), "₹17,000");
        assert_eq!(of(7_550, "USD"), "$75.50");
        assert_eq!(of(123_456_789, "CHF"), "CHF\u{a0}1,234,567.89");
        assert_eq!(of(5, "EUR"), "€0.05");
    }

    #[test]
    fn durations_and_clocks() {
        assert_eq!(duration(150), "2 h 30 min");
        assert_eq!(duration(45), "45 min");
        assert_eq!(duration(120), "2 h");
        assert_eq!(clock(899), "14:59");
        assert_eq!(clock(5), "0:05");
    }

    #[test]
    fn a_place_without_letters_for_its_zone_has_its_offset() {
        assert_eq!(offset("2024-02-15T08:00:00+05:30"), "UTC+5:30");
        assert_eq!(offset("2024-02-15T08:00:00-08:00"), "UTC-8");
        assert_eq!(offset("2024-02-15T08:00:00+00:00"), "UTC");
        let at: Timestamp = "2024-02-15T02:30:00Z".parse().unwrap();
        let time = local("2024-02-15T08:00:00+05:30", at, None);
        assert_eq!(
            (time.time.as_str(), time.zone.as_str()),
            ("08:00", "UTC+5:30")
        );
        assert_eq!(date(time.date), "Thu 15 Feb 2024");
    }
}
