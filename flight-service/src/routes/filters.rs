//! Filters of searches and calendars.

use domain::{AirlineCode, AirportCode, Amount};
use itinerary::{Filters, MAX_STOPS, TimeWindow};
use serde::Deserialize;
use service_http::Problem;
use service_http::extract::{list_from_text, some_from_text};
use utoipa::IntoParams;

/// Upper limit of the duration filter: a week.
const MAX_DURATION_MINUTES: u32 = 7 * 24 * 60;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FilterParameters {
    /// Upper limit of stops
    #[serde(default = "most_stops")]
    #[param(value_type = Option<u8>, minimum = 0, maximum = 3, example = 3)]
    max_stops: u8,
    /// Upper limit of the price of one seat on all flights
    #[serde(default, deserialize_with = "some_from_text")]
    #[param(value_type = Option<f64>, minimum = 0, example = 20000)]
    max_price: Option<Amount>,
    /// Upper limit of minutes from the first departure to the last arrival
    #[serde(default)]
    #[param(minimum = 1, maximum = 10_080, example = 600)]
    max_duration: Option<u32>,
    /// Local time window of the first departure, both ends included; it may span midnight
    #[serde(default, deserialize_with = "some_from_text")]
    #[param(value_type = Option<String>, example = "06:00-23:00", pattern = "^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$")]
    departure_window: Option<TimeWindow>,
    /// Local time window of the last arrival, on whatever day
    #[serde(default, deserialize_with = "some_from_text")]
    #[param(value_type = Option<String>, example = "22:00-02:00", pattern = "^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$")]
    arrival_window: Option<TimeWindow>,
    /// Airlines, comma-separated; every flight must be operated by one of them, by the prefix of its number
    #[serde(default, deserialize_with = "list_from_text")]
    #[param(value_type = Option<String>, example = "AI,6E")]
    airlines: Vec<AirlineCode>,
    /// Airports where the journey must change, all of them, comma-separated
    #[serde(default, deserialize_with = "list_from_text")]
    #[param(value_type = Option<String>, example = "HYD")]
    via: Vec<AirportCode>,
    /// Airports where the journey must not change, comma-separated
    #[serde(default, deserialize_with = "list_from_text")]
    #[param(value_type = Option<String>, example = "CCU")]
    exclude: Vec<AirportCode>,
}

fn most_stops() -> u8 {
    MAX_STOPS
}

impl FilterParameters {
    /// The limit of stops and the filters, validated.
    pub(super) fn checked(self) -> Result<(u8, Filters), Problem> {
        require(self.max_stops <= MAX_STOPS, "max_stops", || {
            format!("must be from 0 to {MAX_STOPS}")
        })?;
        let price = self.max_price.unwrap_or(Amount::ZERO);
        require(price >= Amount::ZERO, "max_price", || {
            "must not be below zero".to_owned()
        })?;
        let minutes = self.max_duration.unwrap_or(1);
        let durations = 1..=MAX_DURATION_MINUTES;
        require(durations.contains(&minutes), "max_duration", || {
            format!("must be from 1 to {MAX_DURATION_MINUTES} minutes")
        })?;
        let filters = Filters {
            max_price: self.max_price,
            max_duration_s: self.max_duration.map(|minutes| minutes * 60),
            departure: self.departure_window,
            arrival: self.arrival_window,
            airlines: self.airlines,
            via: self.via,
            exclude: self.exclude,
        };
        Ok((self.max_stops, filters))
    }
}

/// Refuses a parameter unless the condition holds.
pub(super) fn require(
    holds: bool,
    parameter: &str,
    problem: impl FnOnce() -> String,
) -> Result<(), Problem> {
    if holds {
        Ok(())
    } else {
        Err(Problem::invalid_field(parameter, problem()))
    }
}
