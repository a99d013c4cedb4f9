//! Admin actions on a flight's bookings.

use actix_web::HttpResponse;
use actix_web::web::{self, Data};
use serde::Serialize;
use service_http::{Problem, respond};
use utoipa::ToSchema;

use crate::http::Services;
use crate::http::call_context;
use crate::routes::refusals::{FlightRefusals, LookupRefusals, ResetRefusals};

/// The outcome of an action.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessageAnswer {
    /// A message for people
    pub(crate) message: String,
}

/// End all bookings and orders of a flight, with refunds; its seats are released.
#[utoipa::path(
    post, path = "/api/admin/flights/{id}/reset", tag = "admin", operation_id = "reset_flight",
    params(("id" = String, Path, description = "The flight's id, or its number", example = "1")),
    responses(
        (status = 200, description = "The bookings and orders have ended", body = MessageAnswer),
        LookupRefusals, ResetRefusals,
    )
)]
pub(crate) async fn reset(
    services: Data<Services>,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let context = call_context();
    let flight = services.flights.id_of(&name, &context).await?;
    let ended = services.flights.reset(flight, &context).await?;
    tracing::info!(%flight, ended, "flight reset");
    Ok(respond::ok(&MessageAnswer {
        message: format!("flight {flight} was reset: {ended} bookings ended"),
    }))
}

/// Cancel a flight: close its sales, end and refund all its bookings, and remove it from the schedule.
#[utoipa::path(
    post, path = "/api/admin/flights/{id}/cancel", tag = "admin", operation_id = "cancel_flight",
    params(("id" = String, Path, description = "The flight's id, or its number", example = "1")),
    responses(
        (status = 200, description = "Cancelled", body = MessageAnswer),
        LookupRefusals, FlightRefusals,
    )
)]
pub(crate) async fn cancel(
    services: Data<Services>,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let context = call_context();
    let flight = services.flights.id_of(&name, &context).await?;
    let ended = services.flights.cancel(flight, &context).await?;
    tracing::info!(%flight, ended, "flight cancelled");
    Ok(respond::ok(&MessageAnswer {
        message: format!("flight {flight} was cancelled: {ended} bookings ended"),
    }))
}
