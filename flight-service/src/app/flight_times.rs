//! The time-dependent properties of a flight: whether it can be sold, and its local times.

use domain::sale_rules::SalesPolicy;
use flight_api::FlightStatus;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The status of a flight that is not cancelled. Where sales never close, past flights count as scheduled:
/// the schedule is a replay.
#[must_use]
pub fn status(
    sales: SalesPolicy,
    departs_at: Timestamp,
    closed_at: Option<Timestamp>,
    now: Timestamp,
) -> FlightStatus {
    if sales.is_open(Some(departs_at), closed_at, now) {
        FlightStatus::Scheduled
    } else if departs_at <= now && sales.close_before_start.is_some() {
        FlightStatus::Departed
    } else {
        FlightStatus::Closed
    }
}

/// Local time with its offset from UTC (RFC 3339).
#[must_use]
pub fn local_text(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone())
        .strftime("%Y-%m-%dT%H:%M:%S%:z")
        .to_string()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn status_at(now: &str, margin: Option<SignedDuration>) -> FlightStatus {
        let sales = SalesPolicy {
            close_before_start: margin,
        };
        let departs_at = "2024-02-15T02:30:00Z".parse().unwrap();
        status(sales, departs_at, None, now.parse().unwrap())
    }

    #[test]
    fn sales_close_an_hour_before_departure() {
        let hour = Some(SignedDuration::from_hours(1));
        assert_eq!(
            status_at("2024-02-15T01:29:59Z", hour),
            FlightStatus::Scheduled
        );
        assert_eq!(
            status_at("2024-02-15T01:30:00Z", hour),
            FlightStatus::Closed
        );
        assert_eq!(
            status_at("2024-02-15T02:30:00Z", hour),
            FlightStatus::Departed
        );
        assert_eq!(
            status_at("2026-01-01T00:00:00Z", None),
            FlightStatus::Scheduled
        );
    }

    #[test]
    fn local_times_carry_their_offset() {
        let zone = crate::db::airports::time_zone("Asia/Kolkata").unwrap();
        let at = "2024-02-15T02:30:00Z".parse().unwrap();
        assert_eq!(local_text(at, &zone), "2024-02-15T08:00:00+05:30");
    }
}
