//! The fare calendar.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use domain::{AirportCode, Units};
use flight_api::CalendarAnswer;
use itinerary::SearchOrder;
use serde::Deserialize;
use service_http::Problem;
use service_http::etag::EtagBody;
use service_http::extract::{both, from_text, parse_query};
use utoipa::IntoParams;

use super::filters::FilterParameters;
use super::refusals::ReadRefusals;
use super::services::Services;
use crate::app::search::Search;
use crate::app::search::month::Month;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Parameters {
    /// IATA code of the airport of departure
    #[param(value_type = String, example = "DEL", pattern = "^[A-Za-z]{3}$")]
    source: AirportCode,
    /// IATA code of the airport of arrival
    #[param(value_type = String, example = "BOM", pattern = "^[A-Za-z]{3}$")]
    destination: AirportCode,
    /// The month, as `YYYY-MM`
    #[serde(deserialize_with = "from_text")]
    #[param(value_type = String, example = "2024-02", pattern = "^[0-9]{4}-[0-9]{2}$")]
    month: Month,
    /// Seats that must be free on every flight
    #[serde(default = "one_seat")]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1_000_000, example = 1)]
    seats: Units,
}

fn one_seat() -> Units {
    Units::ONE
}

/// Find the cheapest price of each day of a month.
///
/// Per day, the cheapest itinerary that a search with the same filters would find. Free seats are live.
/// Answers have an `ETag`; `If-None-Match` gets 304 while no price has changed.
#[utoipa::path(
    get, path = "/api/flights/calendar", tag = "flights",
    params(Parameters, FilterParameters),
    responses(
        (status = 200, description = "All days of the month", body = CalendarAnswer),
        (status = 304, description = "Not modified; the client has this answer"),
        ReadRefusals,
    )
)]
pub(super) async fn calendar(
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let filters = parse_query::<FilterParameters>(&request);
    let (asked, (max_stops, filters)) = both(
        parse_query::<Parameters>(&request),
        filters.and_then(FilterParameters::checked),
    )?;
    let search = Search {
        query: itinerary::Query {
            source: asked.source,
            destination: asked.destination,
            date: asked.month.first_day(),
            order: SearchOrder::Cheapest,
            max_stops,
            limit: 1,
            connections: services.searcher.connections(),
            filters,
            after: None,
        },
        seats: asked.seats,
    };
    let answer = services.searcher.calendar(&search, asked.month).await?;
    Ok(EtagBody::json(&answer)?.answer(&request))
}
