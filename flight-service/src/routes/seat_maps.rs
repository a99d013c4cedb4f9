//! Seat maps, as they are and as they change.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::http::header::HeaderMap;
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use clients::flight::{Seat, SeatChanges, SeatMap};
use futures_util::stream::{self, Stream};
use service_kit::auth::Caller;
use service_kit::{Problem, respond};
use tokio_util::sync::CancellationToken;

use super::openapi::LookupRefusals;
use crate::app::seat_maps::{SeatMaps, Watching, seats_of};
use crate::app::seats::Seats;

/// How often a stream says that it lives, so that proxies keep it and a lost client is noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The seats of a flight.
///
/// `{id}` is the flight's id, or its number: then the next departure. Who has a seat is told to staff and
/// services only.
#[utoipa::path(
    get, path = "/api/flights/{id}/seats", tag = "seats", operation_id = "show_seats",
    params(("id" = String, Path, description = "The flight's id, or its number", example = "FL123")),
    responses((status = 200, description = "The seats", body = SeatMap), LookupRefusals)
)]
pub(super) async fn show(
    seats: Data<Seats>,
    maps: Data<SeatMaps>,
    name: web::Path<String>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let name = name.into_inner();
    let map = maps.read(seats.flight_named(&name).await?).await?;
    let body = SeatMap {
        version: map.version,
        seats: seats_of(&map, &name, caller.sees_owners()),
        flight_id: name,
    };
    Ok(respond::ok(&body))
}

/// The seats of a flight as they change: server-sent events.
///
/// Each event's data is a `SeatChanges`, its id the version: all seats first, then those that changed.
/// After a lost connection a client sends `Last-Event-ID`, and gets all seats if it missed anything.
#[utoipa::path(
    get, path = "/api/flights/{id}/seats/stream", tag = "seats", operation_id = "stream_seats",
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
    seats: Data<Seats>,
    maps: Data<SeatMaps>,
    draining: Data<CancellationToken>,
    name: web::Path<String>,
    caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let name = name.into_inner();
    let watching = maps.watch(seats.flight_named(&name).await?).await?;
    let events = Events {
        watching,
        flight_name: name,
        with_owners: caller.sees_owners(),
        known_version: last_event_id(request.headers()),
        known: Vec::new(),
        draining: draining.get_ref().clone(),
    };
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("cache-control", "no-cache"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(events.into_stream()))
}

/// The version that a returning client has.
fn last_event_id(headers: &HeaderMap) -> Option<i64> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}

/// One client's events.
struct Events {
    watching: Watching,
    flight_name: String,
    with_owners: bool,
    known_version: Option<i64>,
    /// The seats as the client knows them; empty until it was told all.
    known: Vec<Seat>,
    draining: CancellationToken,
}

impl Events {
    fn into_stream(self) -> impl Stream<Item = Result<web::Bytes, Infallible>> {
        stream::unfold(self, |mut events| async move {
            let text = events.next().await?;
            Some((Ok(web::Bytes::from(text)), events))
        })
    }

    /// The text of the next event or heartbeat; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        let draining = self.draining.clone();
        let next =
            draining.run_until_cancelled(tokio::time::timeout(HEARTBEAT, self.watching.next()));
        match next.await? {
            Err(_) => Some(": alive\n\n".to_owned()),
            Ok(map) => {
                let map = map?;
                let seats = seats_of(&map, &self.flight_name, self.with_owners);
                let is_known = self.known_version.replace(map.version) == Some(map.version);
                if is_known && self.known.is_empty() {
                    self.known = seats;
                    return Some(": nothing was missed\n\n".to_owned());
                }
                let complete = self.known.is_empty();
                let changed: Vec<Seat> = seats
                    .iter()
                    .filter(|seat| !self.known.contains(seat))
                    .cloned()
                    .collect();
                self.known = seats;
                let changes = SeatChanges {
                    version: map.version,
                    complete,
                    seats: changed,
                };
                let data = serde_json::to_string(&changes).ok()?;
                Some(format!("id: {}\ndata: {data}\n\n", map.version))
            }
        }
    }
}
