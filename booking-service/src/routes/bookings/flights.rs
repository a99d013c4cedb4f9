//! Seats of a flight, so that clients who order need only this service.

use actix_web::web::{self, Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use flight_api::{SeatChanges, SeatMap, SubscriberState};
use service_core::caller::Caller;
use service_http::streams::{Grant, events};
use service_http::{Problem, respond};

use crate::http::Services;
use crate::http::call_context;
use crate::routes::refusals::LookupRefusals;

/// The seats of a flight.
///
/// `{id}` is the flight's id or its flight number, which means the next departure. Only the owner of a seat
/// and staff see who has it.
#[utoipa::path(
    get, path = "/api/flights/{id}/seats", tag = "seats", operation_id = "flight_seats",
    params(("id" = String, Path, description = "The flight's id, or its number", example = "FL123")),
    responses((status = 200, description = "The seats", body = SeatMap), LookupRefusals)
)]
pub(crate) async fn seats(
    services: Data<Services>,
    name: web::Path<String>,
    caller: ReqData<Caller>,
) -> Result<HttpResponse, Problem> {
    let map = services
        .flights
        .seats(&name, &caller, &call_context())
        .await?;
    Ok(respond::ok(&map))
}

/// The changes of a flight's seats, as server-sent events.
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
pub(crate) async fn stream(
    services: Data<Services>,
    name: web::Path<String>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let grant = Grant::of(&request, &caller)?;
    let known = request.headers().get("last-event-id");
    let known = known.and_then(|id| id.to_str().ok()?.parse().ok());
    // Owners are included for staff only; a customer finds their own seats in the seat map.
    let watching = services
        .seat_feeds
        .watch(&name, caller.is_staff(), &call_context())
        .await?;
    let mut known = SubscriberState::new(known);
    Ok(grant.answer(events(watching, move |news| known.event(&news))))
}
