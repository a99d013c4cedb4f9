//! Search.

use actix_web::HttpResponse;
use actix_web::web::Data;
use clients::flight::SearchAnswer;
use domain::{AirportCode, Units};
use itinerary::{MAX_STOPS, Order};
use jiff::civil::Date;
use serde::Deserialize;
use service_kit::extract::{Query, from_text};
use service_kit::{Problem, respond};
use utoipa::IntoParams;

use super::openapi::ReadRefusals;
use crate::app::search::{Search, Searcher};

/// The most itineraries in one answer.
const LIMIT_MAX: usize = 100;

/// What a search is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Parameters {
    /// The IATA code of the airport of departure
    #[param(value_type = String, example = "DEL", pattern = "^[A-Za-z]{3}$")]
    source: AirportCode,
    /// The IATA code of the airport of arrival
    #[param(value_type = String, example = "BOM", pattern = "^[A-Za-z]{3}$")]
    destination: AirportCode,
    /// The date of departure, by the clocks of the airport of departure
    #[param(example = "2024-02-15")]
    date: Date,
    /// Seats that every flight must have free
    #[param(value_type = i64, minimum = 1, maximum = 1_000_000, example = 2)]
    seats: Units,
    /// What is best
    #[serde(default = "cheapest", deserialize_with = "from_text")]
    #[param(value_type = Option<SortBy>, example = "cheapest")]
    sort_by: Order,
    /// How many times one may change
    #[serde(default = "most_stops")]
    #[param(value_type = Option<u8>, minimum = 0, maximum = 3, example = 3)]
    max_stops: u8,
    /// How many itineraries to answer
    #[serde(default = "usual_limit")]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, example = 20)]
    limit: usize,
}

/// What is best.
#[derive(utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "names the values in the OpenAPI document")]
enum SortBy {
    /// The lowest price, then the shortest time.
    Cheapest,
    /// The shortest time, then the lowest price.
    Fastest,
}

fn cheapest() -> Order {
    Order::Cheapest
}

fn most_stops() -> u8 {
    MAX_STOPS
}

fn usual_limit() -> usize {
    20
}

/// Find the best itineraries.
///
/// All itineraries with at most `max_stops` changes are considered; the best are answered, in order.
/// A connection lasts 45 minutes to 4 hours unless the settings say otherwise.
#[utoipa::path(
    get, path = "/api/flights/search", tag = "flights",
    params(Parameters),
    responses((status = 200, description = "What was found; perhaps nothing", body = SearchAnswer), ReadRefusals)
)]
pub(super) async fn search(
    searcher: Data<Searcher>,
    parameters: Query<Parameters>,
) -> Result<HttpResponse, Problem> {
    let asked = parameters.0;
    if asked.max_stops > MAX_STOPS {
        let detail = format!("must be from 0 to {MAX_STOPS}");
        return Err(Problem::invalid_field("max_stops", detail));
    }
    if !(1..=LIMIT_MAX).contains(&asked.limit) {
        let detail = format!("must be from 1 to {LIMIT_MAX}");
        return Err(Problem::invalid_field("limit", detail));
    }
    let search = Search {
        source: asked.source,
        destination: asked.destination,
        date: asked.date,
        seats: asked.seats,
        order: asked.sort_by,
        max_stops: asked.max_stops,
        limit: asked.limit,
    };
    Ok(respond::ok(&searcher.search(search).await?))
}
