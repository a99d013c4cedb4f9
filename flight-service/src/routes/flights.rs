//! Flights and airports: look-up, and changes of the schedule.

use actix_web::HttpResponse;
use actix_web::web::{self, Data};
use domain::{AirportCode, FlightId, Legs};
use flight_api::{Airport, Flight, FlightChange, NewFlight, Path};
use serde::Deserialize;
use service_core::idempotency::Answer;
use service_core::page::{Page, PageRequest};
use service_http::extract::{Id, IdempotencyKey, Json, Query, list_from_text};
use service_http::page::{PageBody, PageParameters};
use service_http::{Problem, respond};
use utoipa::IntoParams;

use super::refusals::{
    BodyRefusals, ChangeRefusals, LookupRefusals, NewFlightRefusals, ReadRefusals,
};
use super::services::Services;
use crate::app::AppError;

/// Look a flight up.
///
/// `{id}` is the flight's id or its flight number; a number means its next departure.
#[utoipa::path(
    get, path = "/api/flights/{id}", tag = "flights", operation_id = "show_flight",
    params(("id" = String, Path, description = "The flight's id, or its number", example = "1")),
    responses((status = 200, description = "The flight", body = Flight), LookupRefusals)
)]
pub(super) async fn show(
    services: Data<Services>,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = services.seats.flight_named(&name).await?;
    Ok(respond::ok(&services.seats.flight(id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ItineraryParameters {
    /// Ids of the flights, one to four, comma-separated
    #[serde(deserialize_with = "list_from_text")]
    #[param(value_type = String, example = "8,9")]
    flight_ids: Vec<FlightId>,
}

/// Look up flights as one itinerary, with its price.
///
/// Each flight departs from where the previous one arrives, within the connection time; no airport is visited
/// twice, and all prices are in one currency. `code` names the rule that is broken.
#[utoipa::path(
    get, path = "/api/flights/itinerary", tag = "flights", operation_id = "show_itinerary",
    params(ItineraryParameters),
    responses(
        (status = 200, description = "The itinerary", body = Path),
        (status = 404, description = "`unknown_flight`: there is no such flight"),
        ReadRefusals,
    )
)]
pub(super) async fn itinerary(
    services: Data<Services>,
    asked: Query<ItineraryParameters>,
) -> Result<HttpResponse, Problem> {
    let itinerary = match Legs::try_from(asked.0.flight_ids) {
        Ok(legs) => services.seats.itinerary(&legs).await,
        Err(broken) => Err(broken.into()),
    };
    match itinerary {
        Ok(itinerary) => Ok(respond::ok(&itinerary)),
        Err(AppError::NoItinerary(broken)) => {
            let problem = Problem::invalid_field("flight_ids", broken.to_string());
            Err(problem.with_code(broken.code()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Add a flight to the schedule.
#[utoipa::path(
    post, path = "/api/flights", tag = "schedule", operation_id = "create_flight",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request add the flight once")),
    request_body = NewFlight,
    responses((status = 201, description = "The flight was added", body = Flight), BodyRefusals, NewFlightRefusals)
)]
pub(super) async fn create(
    services: Data<Services>,
    key: IdempotencyKey,
    request: Json<NewFlight>,
) -> Result<HttpResponse, Problem> {
    let key = key.of(&request.body)?;
    let answer = |flight: &Flight| Answer::created(flight, format!("/api/flights/{}", flight.id));
    let added = services
        .schedule_changes
        .add(&services.seats, &request.body, key, answer);
    Ok(respond::replayable(added.await?))
}

/// Change a flight's price or capacity, or close its sales.
#[utoipa::path(
    patch, path = "/api/flights/{id}", tag = "schedule",
    params(("id" = i64, Path, description = "The flight's id", example = 1)),
    request_body = FlightChange,
    responses((status = 200, description = "The changed flight", body = Flight), BodyRefusals, ChangeRefusals)
)]
pub(super) async fn change(
    services: Data<Services>,
    id: Id<FlightId>,
    request: Json<FlightChange>,
) -> Result<HttpResponse, Problem> {
    services
        .schedule_changes
        .change(id.0, &request.body)
        .await?;
    Ok(respond::ok(&services.seats.flight(id.0).await?))
}

/// Cancel a flight without held or sold seats.
#[utoipa::path(
    delete, path = "/api/flights/{id}", tag = "schedule",
    params(("id" = i64, Path, description = "The flight's id", example = 1)),
    responses((status = 204, description = "The flight is cancelled"), ChangeRefusals)
)]
pub(super) async fn cancel(
    services: Data<Services>,
    id: Id<FlightId>,
) -> Result<HttpResponse, Problem> {
    services.schedule_changes.cancel(id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// List all airports by code.
#[utoipa::path(
    get, path = "/api/airports", tag = "flights",
    params(PageParameters),
    responses((status = 200, description = "A page of airports", body = PageBody<Airport>), ReadRefusals)
)]
pub(super) async fn airports(
    services: Data<Services>,
    parameters: Query<PageParameters>,
) -> Result<HttpResponse, Problem> {
    let (part, limit) = parameters.0.part::<AirportCode>()?;
    let all = services.seats.airports();
    let most = usize::try_from(limit).map_err(Problem::internal)?;
    // One row more than the page tells whether there is another page.
    let window = match part {
        PageRequest::First => 0..most + 1,
        PageRequest::After(code) => {
            let from = all.partition_point(|airport| airport.code <= code);
            from..from + most + 1
        }
        PageRequest::Before(code) => {
            let until = all.partition_point(|airport| airport.code < code);
            until.saturating_sub(most + 1)..until
        }
    };
    let window = window.start..window.end.min(all.len());
    let found = all.get(window).unwrap_or_default().to_vec();
    let found = Page::of(found, &part, limit, |airport: &Airport| airport.code);
    Ok(respond::ok(&PageBody::of(found, limit, Ok)?))
}
