//! What admins do to a flight's bookings.

use actix_web::HttpResponse;
use actix_web::web::{self, Data};
use serde::Serialize;
use service_http::{Problem, respond};
use utoipa::ToSchema;

use crate::http::Services;
use crate::http::call_context;
use crate::routes::refusals::{FlightRefusals, LookupRefusals, ResetRefusals};

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessageAnswer {
    /// What happened, in words
    pub(crate) message: String,
}

/// End every booking and order of a flight: refunded, and their seats free.
#[utoipa::path(
    post, path = "/api/admin/flights/{id}/reset", tag = "admin", operation_id = "reset_flight",
    params(("id" = String, Path, description = "The flight's id, or its number", example = "1")),
    responses(
        (status = 200, description = "They have ended", body = MessageAnswer),
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

/// Cancel a flight: its sales end, every booking and order ends, refunded, and it leaves the schedule.
#[utoipa::path(
    post, path = "/api/admin/flights/{id}/cancel", tag = "admin", operation_id = "cancel_flight",
    params(("id" = String, Path, description = "The flight's id, or its number", example = "1")),
    responses(
        (status = 200, description = "It is cancelled", body = MessageAnswer),
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
