//! Event stream of an event booking.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use domain::HoldId;
use jiff::Timestamp;
use maud::Markup;
use service_http::Problem;
use service_http::extract::{Id, Query};

use crate::http::Services;
use crate::model::event_booking::EventBooking;
use crate::pages::event_stream::{FanOuts, StreamQuery, Subscription, follow, grant, watch};
use crate::pages::session::PageSession;
use crate::pages::tickets::panel;
use crate::pages::tickets::shown::{Shown, find};

struct Tickets {
    session: PageSession,
    services: Data<Services>,
}

pub(in crate::pages) async fn stream(
    session: PageSession,
    services: Data<Services>,
    live: Data<FanOuts<EventBooking>>,
    id: Id<HoldId>,
    known: Query<StreamQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let grant = grant(&request, &session)?;
    let id = id.0;
    find(id, &services.event_bookings, &session).await?;
    let watched = services.clone();
    let watching = live.watch(id, |tell| {
        let look = move || look(watched.clone(), id);
        follow::<Tickets, _>(look, tell)
    });
    let tickets = Tickets { session, services };
    Ok(watch(tickets, watching, known.0, grant))
}

async fn look(services: Data<Services>, id: HoldId) -> Option<EventBooking> {
    services.event_bookings.find(id).await.ok()
}

impl Subscription for Tickets {
    type State = EventBooking;

    fn event_id(booking: &EventBooking) -> String {
        panel::event_id(booking)
    }

    fn is_final(booking: &EventBooking) -> bool {
        panel::is_final(booking)
    }

    async fn html(&self, booking: EventBooking) -> Markup {
        let shown = Shown::of(
            booking,
            &self.services.event_bookings,
            &self.services.events,
        )
        .await;
        panel::panel(&shown, &self.session, Timestamp::now())
    }
}
