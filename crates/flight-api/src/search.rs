//! Searches and fare calendars: what is asked, and what is found.

use domain::{AirportCode, Amount, Currency, SearchOrder, Units};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Flight;

/// A search's parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchRequest {
    /// Airport of departure.
    pub source: AirportCode,
    /// Airport of arrival.
    pub destination: AirportCode,
    /// Date of the first departure, local to its airport.
    pub date: Date,
    /// Seats that must be free on every flight.
    pub seats: Units,
    /// The order of the results.
    pub order: SearchOrder,
    /// Upper limit of stops; `None`: the service's limit.
    pub max_stops: Option<u8>,
    /// Keyset cursor from the previous answer.
    pub after: Option<String>,
}

/// An itinerary: its flights in order.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Path {
    /// One to four flights.
    pub flights: Vec<Flight>,
    /// Price of one seat on all flights.
    #[schema(value_type = f64, example = 8500.0)]
    pub total_price: Amount,
    /// ISO 4217 code of the price's currency.
    #[serde(deserialize_with = "Currency::deserialize_stored")]
    #[schema(value_type = String, example = "INR")]
    pub currency: Currency,
    /// Minutes from the first departure to the last arrival.
    #[schema(example = 150)]
    pub total_time_minutes: i64,
    /// Number of changes.
    #[schema(example = 0)]
    pub stops: usize,
}

/// The result of a search.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SearchAnswer {
    /// Itineraries, best first.
    pub paths: Vec<Path>,
    /// Number of itineraries in this answer.
    pub count: usize,
    /// Keyset cursor; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<SearchMeta>,
}

/// The cursor of a search page.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SearchMeta {
    /// Cursor of the next page: the position of this page's last itinerary in the order.
    #[schema(example = "cheapest.78000000.9000.1708007400.3")]
    pub after: String,
    /// Upper limit of itineraries per page.
    #[schema(example = 20)]
    pub limit: usize,
}

/// The fares of a month.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CalendarAnswer {
    /// Airport of departure.
    #[schema(value_type = String, example = "DEL")]
    pub source: AirportCode,
    /// Airport of arrival.
    #[schema(value_type = String, example = "BOM")]
    pub destination: AirportCode,
    /// The month, as `YYYY-MM`.
    #[schema(example = "2024-02")]
    pub month: String,
    /// All days of the month, in order.
    pub days: Vec<CalendarDay>,
}

/// The fare of a day.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CalendarDay {
    /// Date of the first departure, local to its airport.
    #[schema(example = "2024-02-15")]
    pub date: Date,
    /// Price of one seat on the cheapest itinerary; null if there is none.
    #[schema(value_type = Option<f64>, example = 7800.0)]
    pub price: Option<Amount>,
    /// ISO 4217 code of the price's currency.
    #[schema(value_type = Option<String>, example = "INR")]
    pub currency: Option<Currency>,
}
