//! The itinerary search.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use domain::{AirportCode, Units};
use flight_api::SearchAnswer;
use itinerary::{ConnectionWindow, Cursor, SearchOrder};
use jiff::civil::Date;
use serde::Deserialize;
use service_http::Problem;
use service_http::etag::EtagBody;
use service_http::extract::{both, from_text, parse_query, some_from_text};
use utoipa::IntoParams;

use super::filters::{FilterParameters, require};
use super::refusals::ReadRefusals;
use super::services::Services;
use crate::app::search::Search;

/// Upper limit of a page.
const LIMIT_MAX: usize = 100;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Parameters {
    /// IATA code of the airport of departure
    #[param(value_type = String, example = "DEL", pattern = "^[A-Za-z]{3}$")]
    source: AirportCode,
    /// IATA code of the airport of arrival
    #[param(value_type = String, example = "BOM", pattern = "^[A-Za-z]{3}$")]
    destination: AirportCode,
    /// Date of departure, local to the airport of departure
    #[param(example = "2024-02-15")]
    date: Date,
    /// Seats that must be free on every flight
    #[param(value_type = i64, minimum = 1, maximum = 1_000_000, example = 2)]
    seats: Units,
    /// Order of the results
    #[serde(default, deserialize_with = "from_text")]
    #[param(value_type = Option<SearchOrder>, inline, example = "cheapest")]
    sort_by: SearchOrder,
    /// Itineraries per page
    #[serde(default = "usual_limit")]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, example = 20)]
    limit: usize,
    /// Cursor of the page, from `meta.after`
    #[serde(default, deserialize_with = "some_from_text")]
    #[param(value_type = Option<String>, example = "cheapest.78000000.9000.1708007400.3")]
    after: Option<Cursor>,
}

/// Parses the query.
fn search_of(request: &HttpRequest, connections: ConnectionWindow) -> Result<Search, Problem> {
    let filters = parse_query::<FilterParameters>(request);
    let (asked, (max_stops, filters)) = both(
        parse_query::<Parameters>(request),
        filters.and_then(FilterParameters::checked),
    )?;
    let limits = 1..=LIMIT_MAX;
    require(limits.contains(&asked.limit), "limit", || {
        format!("must be from 1 to {LIMIT_MAX}")
    })?;
    Ok(Search {
        query: itinerary::Query {
            source: asked.source,
            destination: asked.destination,
            date: asked.date,
            order: asked.sort_by,
            max_stops,
            limit: asked.limit,
            connections,
            filters,
            after: asked.after,
        },
        seats: asked.seats,
    })
}

fn usual_limit() -> usize {
    20
}

/// Find the best itineraries.
///
/// All itineraries with at most `max_stops` stops are considered; the best are returned, in order. If there
/// are more, `meta.after` is the cursor of the next page. A connection lasts 45 minutes to 4 hours, unless
/// configured otherwise. Free seats are live in every answer. Answers have an `ETag`; `If-None-Match` gets
/// 304 while no seat has changed.
#[utoipa::path(
    get, path = "/api/flights/search", tag = "flights",
    params(Parameters, FilterParameters),
    responses(
        (status = 200, description = "The itineraries found, possibly none", body = SearchAnswer),
        (status = 304, description = "Not modified; the client has this answer"),
        ReadRefusals,
    )
)]
pub(super) async fn search(
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    if let Some(answer) = services.search_pages.find(&services.searcher, &request) {
        return Ok(answer);
    }
    let search = search_of(&request, services.searcher.connections())?;
    let found = services.searcher.search(&search).await?;
    let body = EtagBody::json(&found.answer)?;
    let answer = body.answer(&request);
    if let Some(validators) = found.validators {
        services.search_pages.keep(&request, body, validators);
    }
    Ok(answer)
}
