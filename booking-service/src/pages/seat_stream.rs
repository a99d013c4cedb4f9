//! Server-sent events of a flight's seats: flight-service's seat feed, rendered as fragments.
//!
//! A client names the version that it has, in the query at first and as `Last-Event-ID` when it reconnects. A
//! client that missed changes gets all seats.

use std::sync::Arc;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use domain::{FlightId, HoldId};
use flight_api::{Seat, SeatUpdate, Since, SubscriberState};
use futures_util::stream::{self, StreamExt as _};
use maud::{Markup, html};
use serde::Deserialize;
use service_http::Problem;
use service_http::extract::{Id, Query};
use service_http::streams::events;

use crate::http::Services;
use crate::http::call_context;
use crate::pages::event_stream::grant;
use crate::pages::seat_map::{self, OwnSeats};
use crate::pages::session::PageSession;

/// Reconnect delay: a change must be visible within a second.
const COME_BACK_AFTER: Bytes = Bytes::from_static(b"retry: 500\n\n");

/// The query of the stream: the client's version and its order.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct StreamQuery {
    after: Option<i64>,
    order: Option<HoldId>,
}

/// The events of one connection.
struct Changes {
    flight: FlightId,
    known: SubscriberState,
    mine: OwnSeats,
}

pub(super) async fn stream(
    session: PageSession,
    services: Data<Services>,
    id: Id<FlightId>,
    known: Query<StreamQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let grant = grant(&request, &session)?;
    let last_event = request.headers().get("last-event-id");
    let last_event = last_event.and_then(|id| id.to_str().ok()?.parse().ok());
    if let Some(order) = known.0.order {
        services.orders.check_owner(order, &session.caller).await?;
    }
    // With the seats' owners, to mark the viewer's own; other owners are not sent.
    let name = id.0.to_string();
    let watching = services
        .seat_feeds
        .watch(&name, true, &call_context())
        .await?;
    let mut changes = Changes {
        flight: id.0,
        known: SubscriberState::new(last_event.or(known.0.after)),
        mine: OwnSeats {
            order: known.0.order.map(|order| order.to_string()),
            ..OwnSeats::default()
        },
    };
    let first = stream::once(async { COME_BACK_AFTER });
    let then = events(watching, move |news| changes.event(&news));
    Ok(grant.answer(first.chain(then)))
}

impl Changes {
    fn event(&mut self, news: &Arc<SeatUpdate>) -> Bytes {
        let seats = match self.known.since(news) {
            Since::Nothing => return Bytes::from_static(b": nothing was missed\n\n"),
            Since::Changed => &news.changed,
            Since::All => &news.seats,
        };
        let html = self.fragment(&news.seats, seats).into_string();
        format!("event: seats\nid: {}\ndata: {html}\n\n", news.version).into()
    }

    fn fragment(&self, all: &[Seat], changed: &[Seat]) -> Markup {
        html! {
            (seat_map::count(all))
            @for seat in changed { (seat_map::seat(self.flight, seat, &self.mine, true)) }
        }
    }
}
