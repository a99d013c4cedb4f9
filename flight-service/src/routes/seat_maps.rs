//! Seat maps and their live changes.

use actix_web::http::header::HeaderMap;
use actix_web::web::{self, Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use flight_api::{SeatChanges, SeatMap, SubscriberState};
use service_core::caller::Caller;
use service_http::streams::{Grant, events};
use service_http::{Problem, respond};

use super::refusals::LookupRefusals;
use super::services::Services;
use crate::app::seat_maps::seats_of;

/// Show the seats of a flight.
///
/// `{id}` is the flight's id or its flight number; a number means its next departure. Owners are shown to
/// staff and services only.
#[utoipa::path(
    get, path = "/api/flights/{id}/seats", tag = "seats", operation_id = "show_seats",
    params(("id" = String, Path, description = "The flight's id, or its number", example = "FL123")),
    responses((status = 200, description = "The seats", body = SeatMap), LookupRefusals)
)]
pub(super) async fn show(
    services: Data<Services>,
    name: web::Path<String>,
    caller: ReqData<Caller>,
) -> Result<HttpResponse, Problem> {
    let name = name.into_inner();
    let map = services
        .seat_maps
        .read(services.seats.flight_named(&name).await?)
        .await?;
    let body = SeatMap {
        version: map.version,
        seats: seats_of(&map, &name, caller.sees_owners()),
        flight_id: name,
    };
    Ok(respond::ok(&body))
}

/// Stream the seats of a flight as server-sent events.
///
/// Each event's data is a `SeatChanges`, its id the version: all seats first, then changed ones. After a lost
/// connection the client sends `Last-Event-ID`, and gets all seats if it missed anything.
#[utoipa::path(
    get, path = "/api/flights/{id}/seats/stream", tag = "seats", operation_id = "stream_seats",
    params(
        ("id" = String, Path, description = "The flight's id, or its number", example = "FL123"),
        ("Last-Event-ID" = Option<i64>, Header, description = "The last version that the client received"),
    ),
    responses(
        (status = 200, description = "The events", body = SeatChanges, content_type = "text/event-stream"),
        LookupRefusals,
    )
)]
pub(super) async fn stream(
    services: Data<Services>,
    name: web::Path<String>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let grant = Grant::of(&request, &caller)?;
    let name = name.into_inner();
    let flight = services.seats.flight_named(&name).await?;
    let watching = services
        .seat_maps
        .watch_as(flight, name, caller.sees_owners())
        .await?;
    let mut known = SubscriberState::new(last_event_id(request.headers()));
    Ok(grant.answer(events(watching, move |news| known.event(&news))))
}

/// The version that a returning client has received.
fn last_event_id(headers: &HeaderMap) -> Option<i64> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}
