//! The seats of a flight as they change: flight-service's events as pieces of a page.
//!
//! A visitor who comes back says which version they have, in the address at first and then as
//! `Last-Event-ID`; whoever missed something is sent all seats.

use std::collections::BTreeMap;
use std::convert::Infallible;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use clients::flight::{Seat, SeatChanges, SeatStream};
use domain::{FlightId, HoldId, SeatNumber};
use futures_util::stream;
use maud::{Markup, html};
use serde::Deserialize;
use service_kit::Problem;
use service_kit::auth::Caller;
use service_kit::extract::{Id, Query};

use super::seat_map::{self, Mine};
use crate::app::flights::Flights;
use crate::routes::call_context;

/// The longest event that is taken: a thousand seats are a fifth of it.
const EVENT_LIMIT_BYTES: usize = 1024 * 1024;

/// How long a browser waits before it comes back: a change is to be seen within a second.
const COME_BACK_AFTER: &str = "retry: 500\n\n";

/// Which seats a visitor knows, and which are theirs.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Known {
    after: Option<i64>,
    order: Option<HoldId>,
}

/// One visitor's events.
struct Changes {
    flight: FlightId,
    upstream: SeatStream,
    /// What has come of an event so far.
    pending: Vec<u8>,
    seats: BTreeMap<SeatNumber, Seat>,
    known_version: Option<i64>,
    mine: Mine,
}

/// Sends them.
pub(super) async fn stream(
    flights: Data<Flights>,
    id: Id<FlightId>,
    known: Query<Known>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let last_event = request.headers().get("last-event-id");
    let last_event = last_event.and_then(|id| id.to_str().ok()?.parse().ok());
    // All seats are asked for, so that their count is known; whether they are sent is decided here.
    let name = id.0.to_string();
    let upstream = flights
        .seat_stream(&name, None, &Caller::anonymous(), &call_context())
        .await?;
    let changes = Changes {
        flight: id.0,
        upstream,
        pending: COME_BACK_AFTER.as_bytes().to_vec(),
        seats: BTreeMap::new(),
        known_version: last_event.or(known.0.after),
        mine: Mine {
            order: known.0.order.map(|order| order.to_string()),
            ..Mine::default()
        },
    };
    let events = stream::unfold(changes, |mut changes| async move {
        let text = changes.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(text)), changes))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("cache-control", "no-cache"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(events))
}

impl Changes {
    /// The text of the next event; `None` at the end, however it came about.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(event) = self.whole_event() {
                return Some(self.translated(&event));
            }
            if self.pending.len() > EVENT_LIMIT_BYTES {
                return None;
            }
            let piece = self.upstream.next().await?;
            self.pending.extend_from_slice(piece.as_ref());
        }
    }

    /// An event that has come in full.
    fn whole_event(&mut self) -> Option<String> {
        let end = self.pending.windows(2).position(|pair| pair == b"\n\n")?;
        let event: Vec<u8> = self.pending.drain(..end + 2).collect();
        String::from_utf8(event).ok()
    }

    /// An event as it is passed on; what carries no seats goes as it came, to show that somebody is there.
    fn translated(&mut self, event: &str) -> String {
        let data = event.lines().find_map(|line| line.strip_prefix("data: "));
        let changes = data.and_then(|data| serde_json::from_str::<SeatChanges>(data).ok());
        let Some(changes) = changes else {
            return event.to_owned();
        };
        let news = changes.seats.iter();
        self.seats
            .extend(news.map(|seat| (seat.seat_number, seat.clone())));
        let version = changes.version;
        let is_known = changes.complete && self.known_version.is_some_and(|known| version <= known);
        if is_known {
            return ": nothing was missed\n\n".to_owned();
        }
        let html = self.fragment(&changes.seats).into_string();
        format!("event: seats\nid: {version}\ndata: {html}\n\n")
    }

    fn fragment(&self, changed: &[Seat]) -> Markup {
        let all: Vec<Seat> = self.seats.values().cloned().collect();
        html! {
            (seat_map::count(&all))
            @for seat in changed { (seat_map::seat(self.flight, seat, &self.mine, true)) }
        }
    }
}
