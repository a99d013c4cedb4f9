//! Flights and airports, and changes of the schedule.

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
    /// Not yet departed, but no longer sold.
    Closed,
    /// Gone.
    Departed,
    /// It will not fly.
    Cancelled,
}

/// One departure of one aircraft.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Flight {
    /// The flight's id.
    #[schema(value_type = i64, example = 1)]
    pub id: FlightId,
    /// The airline's number for it, the same from day to day.
    #[schema(value_type = String, example = "AI101")]
    pub flight_number: FlightNumber,
    /// The airport of departure.
    #[schema(value_type = String, example = "DEL")]
    pub source: AirportCode,
    /// The airport of arrival.
    #[schema(value_type = String, example = "BOM")]
    pub destination: AirportCode,
    /// When it departs, UTC.
    pub departure_time: Timestamp,
    /// When it arrives, UTC.
    pub arrival_time: Timestamp,
    /// The same by the clocks of the airport of departure, with their offset from UTC.
    #[schema(example = "2024-02-15T08:00:00+05:30")]
    pub departure_local: String,
    /// The same by the clocks of the airport of arrival, with their offset from UTC.
    #[schema(example = "2024-02-15T10:30:00+05:30")]
    pub arrival_local: String,
    /// How many seats it has.
    #[schema(example = 180)]
    pub total_seats: i32,
    /// How many of them are held or sold.
    #[schema(example = 50)]
    pub booked_seats: i32,
    /// How many of them are free.
    #[schema(example = 130)]
    pub available_seats: i32,
    /// The price of one seat.
    #[schema(value_type = f64, example = 8500.0)]
    pub price: Amount,
    /// The price's currency, ISO 4217.
    #[serde(deserialize_with = "Currency::deserialize_stored")]
    #[schema(value_type = String, example = "INR")]
    pub currency: Currency,
    /// Whether it can be sold.
    pub status: FlightStatus,
    /// When it was put into the schedule.
    pub created_at: Timestamp,
}

impl Flight {
    /// As a leg of an itinerary.
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

/// A flight to be put into the schedule.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NewFlight {
    /// The airline's number for it.
    #[schema(value_type = String, example = "AI101")]
    pub flight_number: FlightNumber,
    /// The airport of departure.
    #[schema(value_type = String, example = "DEL")]
    pub source: AirportCode,
    /// The airport of arrival.
    #[schema(value_type = String, example = "BOM")]
    pub destination: AirportCode,
    /// When it departs, to the second.
    pub departure_time: Timestamp,
    /// When it arrives, to the second.
    pub arrival_time: Timestamp,
    /// How many seats it has, 1 to 1000.
    #[schema(minimum = 1, maximum = 1000, example = 180)]
    pub total_seats: i32,
    /// The price of one seat, zero or more.
    #[schema(value_type = f64, minimum = 0, example = 8500.0)]
    pub price: Amount,
    /// The price's currency, ISO 4217.
    #[schema(value_type = String, example = "INR")]
    pub currency: Currency,
    /// Its seats, where they have names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "rows A-C, seats 1-10")]
    pub seat_map: Option<String>,
}

/// What changes on a flight; what is left out stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct FlightChange {
    /// The price of one seat from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, minimum = 0)]
    pub price: Option<Amount>,
    /// How many seats it has, never fewer than are held and sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000)]
    pub total_seats: Option<i32>,
    /// `closed` ends its sales.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<FlightStatus>,
}

/// An airport.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Airport {
    /// Its IATA code.
    #[schema(value_type = String, example = "DEL")]
    pub code: AirportCode,
    /// Its name.
    pub name: String,
    /// The city that it serves.
    pub city: String,
    /// The country.
    pub country: String,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Its clocks, an IANA zone.
    #[schema(example = "Asia/Kolkata")]
    pub time_zone: String,
}

/// A page of the airports.
#[derive(Debug, Deserialize)]
pub struct AirportPage {
    /// The airports.
    pub data: Vec<Airport>,
    /// How to go on.
    pub meta: AirportPageMeta,
}

/// How to go on in the airports.
#[derive(Debug, Deserialize)]
pub struct AirportPageMeta {
    /// The place after which more follow; none where this page is the last.
    pub after: Option<String>,
}
