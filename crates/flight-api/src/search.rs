//! Searches and fare calendars: what is asked, and what is found.

use domain::{AirportCode, Amount, Currency, Units};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Flight;

/// What is best.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SearchOrder {
    /// The lowest price, then the shortest time.
    #[default]
    Cheapest,
    /// The shortest time, then the lowest price.
    Fastest,
}

impl SearchOrder {
    /// As a query has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cheapest => "cheapest",
            Self::Fastest => "fastest",
        }
    }
}

/// What a search is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchRequest {
    /// The airport of departure.
    pub source: AirportCode,
    /// The airport of arrival.
    pub destination: AirportCode,
    /// The day on which one departs, by the clocks of the airport of departure.
    pub date: Date,
    /// How many seats every flight must have free.
    pub seats: Units,
    /// What is best.
    pub order: SearchOrder,
    /// The most changes; none: as many as are allowed.
    pub max_stops: Option<u8>,
    /// The page after this place, from the answer before.
    pub after: Option<String>,
}

/// One way to travel: the flights in order.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Path {
    /// One to four flights.
    pub flights: Vec<Flight>,
    /// The price of one seat on all of them.
    #[schema(value_type = f64, example = 8500.0)]
    pub total_price: Amount,
    /// The price's currency, ISO 4217.
    #[serde(deserialize_with = "Currency::deserialize_stored")]
    #[schema(value_type = String, example = "INR")]
    pub currency: Currency,
    /// Minutes from the first departure to the last arrival.
    #[schema(example = 150)]
    pub total_time_minutes: i64,
    /// How many times one changes.
    #[schema(example = 0)]
    pub stops: usize,
}

/// What a search found.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SearchAnswer {
    /// The ways to travel, best first.
    pub paths: Vec<Path>,
    /// How many there are in this answer.
    pub count: usize,
    /// How to go on; left out where this is the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<SearchMeta>,
}

/// How to go on with a search.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SearchMeta {
    /// For the page after this one: the place of its last itinerary in the order.
    #[schema(example = "cheapest.78000000.9000.1708007400.3")]
    pub after: String,
    /// How many itineraries a page has at most.
    #[schema(example = 20)]
    pub limit: usize,
}

/// A month's fares.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CalendarAnswer {
    /// The airport of departure.
    #[schema(value_type = String, example = "DEL")]
    pub source: AirportCode,
    /// The airport of arrival.
    #[schema(value_type = String, example = "BOM")]
    pub destination: AirportCode,
    /// The month.
    #[schema(example = "2024-02")]
    pub month: String,
    /// All its days, in order.
    pub days: Vec<CalendarDay>,
}

/// A day's fare.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CalendarDay {
    /// The day on which one departs, by the clocks of the airport of departure.
    #[schema(example = "2024-02-15")]
    pub date: Date,
    /// The price of one seat on the cheapest itinerary; none where there is none.
    #[schema(value_type = Option<f64>, example = 7800.0)]
    pub price: Option<Amount>,
    /// The price's currency, ISO 4217.
    #[schema(value_type = Option<String>, example = "INR")]
    pub currency: Option<Currency>,
}
