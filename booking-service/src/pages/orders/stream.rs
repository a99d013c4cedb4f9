//! Event stream of an order.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use domain::HoldId;
use jiff::Timestamp;
use maud::Markup;
use service_http::Problem;
use service_http::extract::{Id, Query};

use crate::http::Services;
use crate::http::call_context;
use crate::model::booking::Booking;
use crate::pages::event_stream::{FanOuts, StreamQuery, Subscription, follow, grant, watch};
use crate::pages::orders::panel;
use crate::pages::orders::shown::{Shown, find};
use crate::pages::session::PageSession;

struct Order {
    session: PageSession,
    services: Data<Services>,
}

pub(in crate::pages) async fn stream(
    session: PageSession,
    services: Data<Services>,
    live: Data<FanOuts<Booking>>,
    id: Id<HoldId>,
    known: Query<StreamQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let grant = grant(&request, &session)?;
    let id = id.0;
    find(id, &services.orders, &session).await?;
    let looked_at = services.clone();
    let watching = live.watch(id, |tell| {
        let look = move || look(looked_at.clone(), id);
        follow::<Order, _>(look, tell)
    });
    let order = Order { session, services };
    Ok(watch(order, watching, known.0, grant))
}

async fn look(services: Data<Services>, id: HoldId) -> Option<Booking> {
    services.orders.find(id).await.ok()
}

impl Subscription for Order {
    type State = Booking;

    fn event_id(order: &Booking) -> String {
        panel::event_id(order)
    }

    fn is_final(order: &Booking) -> bool {
        panel::is_final(order)
    }

    async fn html(&self, order: Booking) -> Markup {
        let shown = Shown::of(
            order,
            &self.services.catalog,
            &self.services.orders,
            &call_context(),
        )
        .await;
        panel::panel(&shown, &self.session, Timestamp::now())
    }
}
