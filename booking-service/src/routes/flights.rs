//! The seats of a flight, so that those who order them need one service only.

use actix_web::web::{self, Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use clients::flight::{SeatChanges, SeatMap};
use futures_util::stream;
use service_kit::auth::Caller;
use service_kit::{Problem, respond};

use super::call_context;
use super::openapi::LookupRefusals;
use crate::app::flights::Flights;

/// The seats of a flight.
///
/// `{id}` is the flight's id, or its number: then the next departure. Who has a seat is told to its owner
/// and to staff only.
#[utoipa::path(
    get, path = "/api/flights/{id}/seats", tag = "seats", operation_id = "flight_seats",
    params(("id" = String, Path, description = "The flight's id, or its number", example = "FL123")),
    responses((status = 200, description = "The seats", body = SeatMap), LookupRefusals)
)]
pub(super) async fn seats(
    flights: Data<Flights>,
    name: web::Path<String>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let map = flights.seats(&name, &caller, &call_context()).await?;
    Ok(respond::ok(&map))
}

/// The seats of a flight as they change: the server-sent events of flight-service.
#[utoipa::path(
    get, path = "/api/flights/{id}/seats/stream", tag = "seats", operation_id = "flight_seats_stream",
    params(
        ("id" = String, Path, description = "The flight's id, or its number", example = "FL123"),
        ("Last-Event-ID" = Option<i64>, Header, description = "The version that the client has"),
    ),
    responses(
        (status = 200, description = "The events", body = SeatChanges, content_type = "text/event-stream"),
        LookupRefusals,
    )
)]
pub(super) async fn stream(
    flights: Data<Flights>,
    name: web::Path<String>,
    caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let known = request.headers().get("last-event-id");
    let known = known.and_then(|value| value.to_str().ok());
    let events = flights
        .seat_stream(&name, known, &caller, &call_context())
        .await?;
    let pieces = stream::unfold(events, |mut events| async move {
        // A lost connection ends the stream: the client comes back with the version that it has.
        let piece = events.next().await?;
        let piece = Bytes::copy_from_slice(piece.as_ref());
        Some((Ok::<_, std::convert::Infallible>(piece), events))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("cache-control", "no-cache"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(pieces))
}
