//! What narrows a search or a calendar down.

use domain::{AirlineCode, AirportCode, Amount};
use itinerary::{Filters, MAX_STOPS, TimeWindow};
use serde::Deserialize;
use service_http::Problem;
use service_http::extract::{list_from_text, some_from_text};
use utoipa::IntoParams;

/// The longest journey that can be asked for, in minutes: a week.
const MAX_DURATION_MINUTES: u32 = 7 * 24 * 60;

/// The parameters that searches and calendars share.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FilterParameters {
    /// How many times one may change
    #[serde(default = "most_stops")]
    #[param(value_type = Option<u8>, minimum = 0, maximum = 3, example = 3)]
    max_stops: u8,
    /// The most that one seat on all flights may cost
    #[serde(default, deserialize_with = "some_from_text")]
    #[param(value_type = Option<f64>, minimum = 0, example = 20000)]
    max_price: Option<Amount>,
    /// The most minutes from the first departure to the last arrival
    #[serde(default)]
    #[param(minimum = 1, maximum = 10_080, example = 600)]
    max_duration: Option<u32>,
    /// When the first flight departs, by the clocks there: both times are in it, and it may go past midnight
    #[serde(default, deserialize_with = "some_from_text")]
    #[param(value_type = Option<String>, example = "06:00-23:00", pattern = "^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$")]
    departure_window: Option<TimeWindow>,
    /// When the last flight arrives, by the clocks there, on whatever day
    #[serde(default, deserialize_with = "some_from_text")]
    #[param(value_type = Option<String>, example = "22:00-02:00", pattern = "^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$")]
    arrival_window: Option<TimeWindow>,
    /// The airlines that fly, each flight by any of them: what their flight numbers begin with, with commas between
    #[serde(default, deserialize_with = "list_from_text")]
    #[param(value_type = Option<String>, example = "AI,6E")]
    airlines: Vec<AirlineCode>,
    /// Airports at which one changes, all of them, with commas between
    #[serde(default, deserialize_with = "list_from_text")]
    #[param(value_type = Option<String>, example = "HYD")]
    via: Vec<AirportCode>,
    /// Airports at which one does not change, with commas between
    #[serde(default, deserialize_with = "list_from_text")]
    #[param(value_type = Option<String>, example = "CCU")]
    exclude: Vec<AirportCode>,
}

fn most_stops() -> u8 {
    MAX_STOPS
}

impl FilterParameters {
    /// The most stops and the filters, if they make sense.
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

/// Refuses a parameter unless this holds.
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
