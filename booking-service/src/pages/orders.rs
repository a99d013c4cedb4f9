//! Orders: made, watched, paid, changed, given up.

mod change;
mod make;
mod panel;
mod watched;

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, ServiceConfig};
use clients::CallContext;
use domain::sale_rules::Cutoff;
use domain::{FlightId, HoldId};
use flight_api::Flight;
use service_http::Problem;
use service_http::extract::Id;

use crate::app::AppError;
use crate::app::accounts::ownership::Owned as _;
use crate::app::bookings::orders::{Orders, is_payment_code, status};
use crate::app::catalog::{Airports, Catalog};
use crate::http::Services;
use crate::http::call_context;
use crate::model::booking::Booking;
use crate::pages::answers::go_to;
use crate::pages::forms::Form;
use crate::pages::itinerary_view;
use crate::pages::layout::{HtmlPage, Place};
use crate::pages::middleware::{For, page};
use crate::pages::session::PageSession;

pub(super) use crate::pages::orders::panel::{again, badge};

/// Adds the routes.
pub(super) fn configure(config: &mut ServiceConfig) {
    page(
        config,
        For::Somebody,
        "/orders",
        "POST",
        [web::post().to(make::create)],
    );
    page(
        config,
        For::Somebody,
        "/orders/{id}",
        "GET",
        [web::get().to(show)],
    );
    page(
        config,
        For::Somebody,
        "/orders/{id}/payment",
        "POST",
        [web::post().to(pay)],
    );
    page(
        config,
        For::Somebody,
        "/orders/{id}/cancel",
        "POST",
        [web::post().to(cancel)],
    );
    let seats = [web::get().to(change::show), web::post().to(change::change)];
    page(
        config,
        For::Somebody,
        "/orders/{id}/seats",
        "GET, POST",
        seats,
    );
    page(
        config,
        For::Somebody,
        "/orders/{id}/live",
        "GET",
        [web::get().to(watched::stream)],
    );
}

/// An order and the flights that it is for; those that can't be had now are gaps.
struct Shown {
    order: Booking,
    flights: Vec<Option<Flight>>,
    airports: Arc<Airports>,
    /// How many attempts to pay it has.
    attempts_max: u8,
    /// Until when its customer can cancel it once it is confirmed.
    cutoff: Cutoff,
}

impl Shown {
    async fn of(order: Booking, catalog: &Catalog, orders: &Orders, context: &CallContext) -> Self {
        let ids: Vec<FlightId> = order.legs.iter().map(|leg| leg.flight).collect();
        let (flights, airports) =
            futures_util::join!(catalog.flights(&ids, context), catalog.airports(context));
        Self {
            attempts_max: orders.bookings.engine.policy(&order).max_attempts,
            cutoff: orders.bookings.cutoffs.of(order.channel),
            order,
            flights,
            airports: airports.unwrap_or_default(),
        }
    }

    fn title(&self) -> String {
        let known = self.flights.iter().flatten();
        let known: Vec<&Flight> = known.collect();
        itinerary_view::title(known.into_iter(), &self.airports)
    }
}

/// An order of the session's.
async fn find(id: HoldId, orders: &Orders, session: &PageSession) -> Result<Booking, Problem> {
    Ok(orders.find(id).await?.for_caller(&session.caller)?)
}

/// An order as it stands.
async fn show(
    session: PageSession,
    services: Data<Services>,
    id: Id<HoldId>,
) -> Result<HttpResponse, Problem> {
    let order = find(id.0, &services.orders, &session).await?;
    Ok(answer(order, &services.orders, &services.catalog, &session, None).await)
}

/// An order with what went wrong.
async fn answer(
    order: Booking,
    orders: &Orders,
    catalog: &Catalog,
    session: &PageSession,
    notice: Option<&str>,
) -> HttpResponse {
    let shown = Shown::of(order, catalog, orders, &call_context()).await;
    let status = if notice.is_some() {
        StatusCode::CONFLICT
    } else {
        StatusCode::OK
    };
    let page = HtmlPage {
        refresh_seconds: panel::refresh_seconds(&shown.order),
        ..HtmlPage::new(
            shown.title(),
            Place::Bookings,
            panel::body(&shown, session, notice),
        )
    };
    page.answer_with(status, session)
}

/// Begins to pay.
async fn pay(
    session: PageSession,
    services: Data<Services>,
    id: Id<HoldId>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let order = find(id.0, &services.orders, &session).await?;
    let code: String = form.text("code").split_whitespace().collect();
    if !is_payment_code(&code) {
        let notice = "The payment code has five digits, such as 12345.";
        return Ok(answer(
            order,
            &services.orders,
            &services.catalog,
            &session,
            Some(notice),
        )
        .await);
    }
    match services.orders.pay(id.0, code, call_context()).await {
        Ok(_) => Ok(go_to(&path(id.0))),
        Err(error) => moved_on(error, id.0, &services.orders, &services.catalog, &session).await,
    }
}

/// Gives it up.
async fn cancel(
    session: PageSession,
    services: Data<Services>,
    id: Id<HoldId>,
    _: Form,
) -> Result<HttpResponse, Problem> {
    find(id.0, &services.orders, &session).await?;
    match services
        .orders
        .cancel(id.0, session.actor, call_context())
        .await
    {
        Ok(_) => Ok(go_to(&path(id.0))),
        Err(error) => moved_on(error, id.0, &services.orders, &services.catalog, &session).await,
    }
}

/// The order as it stands now, where it can't be paid or given up any more; other failures as they are.
async fn moved_on(
    error: AppError,
    id: HoldId,
    orders: &Orders,
    catalog: &Catalog,
    session: &PageSession,
) -> Result<HttpResponse, Problem> {
    let notice = match &error {
        AppError::OrderExpired => "The time to pay has run out.".to_owned(),
        AppError::PastCutoff(_) => "It is too late to cancel the order.".to_owned(),
        AppError::WrongState(_) => "The order has moved on since the page was made.".to_owned(),
        AppError::InProgress => {
            "Something else is being done with the order. Try again in a moment.".to_owned()
        }
        _ => return Err(error.into()),
    };
    let order = find(id, orders, session).await?;
    tracing::debug!(order = %id, status = status(&order), "order status changed");
    Ok(answer(order, orders, catalog, session, Some(&notice)).await)
}

/// Where an order is.
pub(super) fn path(id: HoldId) -> String {
    format!("/orders/{id}")
}
