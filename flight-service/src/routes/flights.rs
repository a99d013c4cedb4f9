//! Flights.

use actix_web::HttpResponse;
use actix_web::web::Data;
use clients::flight::Flight;
use domain::FlightId;
use service_kit::extract::Id;
use service_kit::{Problem, respond};

use super::openapi::LookupRefusals;
use crate::app::seats::Seats;

/// Look a flight up.
#[utoipa::path(
    get, path = "/api/flights/{id}", tag = "flights",
    params(("id" = i64, Path, description = "The flight's id", example = 1)),
    responses((status = 200, description = "The flight", body = Flight), LookupRefusals)
)]
pub(super) async fn show(seats: Data<Seats>, id: Id<FlightId>) -> Result<HttpResponse, Problem> {
    Ok(respond::ok(&seats.flight(id.0).await?))
}
