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
use service_kit::extract::{Id, Query};
use tokio::time::{Instant, timeout_at};

use super::live::{self, LIFETIME};
use super::seat_map::{self, Mine};
use super::visitor::Visitor;
use crate::app::catalog::Catalog;
use crate::app::orders::Orders;
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
    ends_at: Instant,
    _place: live::Place,
}

/// Sends them.
pub(super) async fn stream(
    visitor: Visitor,
    catalog: Data<Catalog>,
    orders: Data<Orders>,
    id: Id<FlightId>,
    known: Query<Known>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let last_event = request.headers().get("last-event-id");
    let last_event = last_event.and_then(|id| id.to_str().ok()?.parse().ok());
    if let Some(order) = known.0.order {
        orders.check_owner(order, &visitor.caller).await?;
    }
    let place = live::SEATS.take()?;
    // All seats are asked for, so that their count is known; whether they are sent is decided here.
    let upstream = catalog.seat_stream(id.0, &call_context()).await?;
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
        ends_at: Instant::now() + LIFETIME,
        _place: place,
    };
    let draining = orders.bookings.tasks.draining();
    let events = stream::unfold((changes, draining), |(mut changes, draining)| async move {
        let text = draining.run_until_cancelled(changes.next()).await??;
        Some((Ok::<_, Infallible>(Bytes::from(text)), (changes, draining)))
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
            let piece = timeout_at(self.ends_at, self.upstream.next());
            let piece = piece.await.ok()??;
            self.pending.extend_from_slice(piece.as_ref());
        }
    }

    /// An event that has come in full.
    fn whole_event(&mut self) -> Option<String> {
        let end = self.pending.windows(2).position(|pair| pair == b"\n\n")?;
        let event: Vec<u8> = self.pending.drain(..end + 2).collect();
        String::from_utf8(event).ok()
    }

    /// An event as it is passed on. What carries no seats only shows that somebody is there: what it says may
    /// not be for this visitor.
    fn translated(&mut self, event: &str) -> String {
        let data = event.lines().find_map(|line| line.strip_prefix("data: "));
        let changes = data.and_then(|data| serde_json::from_str::<SeatChanges>(data).ok());
        let Some(changes) = changes else {
            return ": alive\n\n".to_owned();
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
