//! Flights, airports, and changes to the schedule.

use domain::sale_rules::itinerary::Leg;
use domain::{AirportCode, Amount, Currency, FlightId, FlightNumber};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether a flight can be sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FlightStatus {
    /// Open for sale.
    Scheduled,
    /// Not departed yet, but sales have ended.
    Closed,
    /// The departure time has passed.
    Departed,
    /// The flight will not operate.
    Cancelled,
}

/// One departure of one aircraft.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Flight {
    /// Id of the flight.
    #[schema(value_type = i64, example = 1)]
    pub id: FlightId,
    /// The airline's flight number, the same from day to day.
    #[schema(value_type = String, example = "AI101")]
    pub flight_number: FlightNumber,
    /// Airport of departure.
    #[schema(value_type = String, example = "DEL")]
    pub source: AirportCode,
    /// Airport of arrival.
    #[schema(value_type = String, example = "BOM")]
    pub destination: AirportCode,
    /// Time of departure, UTC.
    pub departure_time: Timestamp,
    /// Time of arrival, UTC.
    pub arrival_time: Timestamp,
    /// Local time at the airport of departure, with its offset from UTC.
    #[schema(example = "2024-02-15T08:00:00+05:30")]
    pub departure_local: String,
    /// Local time at the airport of arrival, with its offset from UTC.
    #[schema(example = "2024-02-15T10:30:00+05:30")]
    pub arrival_local: String,
    /// Capacity in seats.
    #[schema(example = 180)]
    pub total_seats: i32,
    /// Seats held or sold.
    #[schema(example = 50)]
    pub booked_seats: i32,
    /// Free seats.
    #[schema(example = 130)]
    pub available_seats: i32,
    /// Price of one seat.
    #[schema(value_type = f64, example = 8500.0)]
    pub price: Amount,
    /// ISO 4217 code of the price's currency.
    #[serde(deserialize_with = "Currency::deserialize_stored")]
    #[schema(value_type = String, example = "INR")]
    pub currency: Currency,
    /// Whether it can be sold.
    pub status: FlightStatus,
    /// When the flight was added to the schedule.
    pub created_at: Timestamp,
}

impl Flight {
    /// The flight as a leg, for the itinerary rules.
    #[must_use]
    pub fn leg(&self) -> Leg {
        Leg {
            flight: self.id,
            source: self.source,
            destination: self.destination,
            departs_at: self.departure_time,
            arrives_at: self.arrival_time,
            currency: self.currency,
        }
    }
}

/// A flight to add to the schedule.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NewFlight {
    /// The airline's flight number.
    #[schema(value_type = String, example = "AI101")]
    pub flight_number: FlightNumber,
    /// Airport of departure.
    #[schema(value_type = String, example = "DEL")]
    pub source: AirportCode,
    /// Airport of arrival.
    #[schema(value_type = String, example = "BOM")]
    pub destination: AirportCode,
    /// Time of departure, to the second.
    pub departure_time: Timestamp,
    /// Time of arrival, to the second.
    pub arrival_time: Timestamp,
    /// Capacity in seats, 1 to 1000.
    #[schema(minimum = 1, maximum = 1000, example = 180)]
    pub total_seats: i32,
    /// Price of one seat, zero or more.
    #[schema(value_type = f64, minimum = 0, example = 8500.0)]
    pub price: Amount,
    /// ISO 4217 code of the price's currency.
    #[schema(value_type = String, example = "INR")]
    pub currency: Currency,
    /// Seat layout; absent: seats have no names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "rows A-C, seats 1-10")]
    pub seat_map: Option<String>,
}

/// Changes to a flight; absent fields stay as they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct FlightChange {
    /// Price of one seat from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, minimum = 0)]
    pub price: Option<Amount>,
    /// Capacity in seats, at least the held and sold ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000)]
    pub total_seats: Option<i32>,
    /// `closed` ends sales.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<FlightStatus>,
}

/// An airport.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Airport {
    /// IATA code.
    #[schema(value_type = String, example = "DEL")]
    pub code: AirportCode,
    /// The airport's name.
    pub name: String,
    /// The city served.
    pub city: String,
    /// The country's name.
    pub country: String,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// IANA time zone.
    #[schema(example = "Asia/Kolkata")]
    pub time_zone: String,
}

/// A page of airports.
#[derive(Debug, Deserialize)]
pub struct AirportPage {
    /// The rows of this page.
    pub data: Vec<Airport>,
    /// Keyset cursor.
    pub meta: AirportPageMeta,
}

/// The cursor of a page of airports.
#[derive(Debug, Deserialize)]
pub struct AirportPageMeta {
    /// Code after which the next page starts; `None` on the last page.
    pub after: Option<String>,
}
