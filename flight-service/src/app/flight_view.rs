//! A flight as the API shows it.

use domain::{AirportCode, FlightId, FlightNumber, Money};
use flight_api::{Flight, FlightStatus};
use inventory::decide::SalesPolicy;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The properties of a flight, from the schedule or from the database.
pub struct FlightView<'a> {
    pub id: FlightId,
    pub flight_number: &'a FlightNumber,
    pub source: AirportCode,
    pub destination: AirportCode,
    pub departs_at: Timestamp,
    pub arrives_at: Timestamp,
    pub price: Money,
    /// In seats.
    pub capacity: i32,
    /// In seats.
    pub free: i32,
    pub is_cancelled: bool,
    /// When sales were closed by staff.
    pub closed_at: Option<Timestamp>,
    /// When it was added to the schedule.
    pub created_at: Timestamp,
}

impl FlightView<'_> {
    /// Whether it can be sold. Where sales never close, past flights count as scheduled: the schedule is a
    /// replay.
    #[must_use]
    pub fn status(&self, sales: SalesPolicy, now: Timestamp) -> FlightStatus {
        if self.is_cancelled {
            FlightStatus::Cancelled
        } else if sales.is_open(Some(self.departs_at), self.closed_at, now) {
            FlightStatus::Scheduled
        } else if self.departs_at <= now && sales.close_before_start.is_some() {
            FlightStatus::Departed
        } else {
            FlightStatus::Closed
        }
    }

    /// The API's flight; the zones are those of its airports.
    #[must_use]
    pub fn flight(
        &self,
        source_zone: &TimeZone,
        destination_zone: &TimeZone,
        sales: SalesPolicy,
        now: Timestamp,
    ) -> Flight {
        Flight {
            id: self.id,
            flight_number: *self.flight_number,
            source: self.source,
            destination: self.destination,
            departure_time: self.departs_at,
            arrival_time: self.arrives_at,
            departure_local: local_text(self.departs_at, source_zone),
            arrival_local: local_text(self.arrives_at, destination_zone),
            total_seats: self.capacity,
            booked_seats: self.capacity - self.free,
            available_seats: self.free,
            price: self.price.amount(),
            currency: self.price.currency(),
            status: self.status(sales, now),
            created_at: self.created_at,
        }
    }
}

/// Local time with its offset from UTC (RFC 3339).
fn local_text(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone())
        .strftime("%Y-%m-%dT%H:%M:%S%:z")
        .to_string()
}

#[cfg(test)]
mod tests {
    use domain::Currency;
    use jiff::SignedDuration;

    use super::*;

    fn status_at(now: &str, margin: Option<SignedDuration>) -> FlightStatus {
        let number = "AI101".parse().unwrap();
        let facts = FlightView {
            id: FlightId(1),
            flight_number: &number,
            source: "DEL".parse().unwrap(),
            destination: "BOM".parse().unwrap(),
            departs_at: "2024-02-15T02:30:00Z".parse().unwrap(),
            arrives_at: "2024-02-15T05:00:00Z".parse().unwrap(),
            price: Money::zero(Currency::INR),
            capacity: 180,
            free: 130,
            is_cancelled: false,
            closed_at: None,
            created_at: Timestamp::UNIX_EPOCH,
        };
        facts.status(
            SalesPolicy {
                close_before_start: margin,
            },
            now.parse().unwrap(),
        )
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
