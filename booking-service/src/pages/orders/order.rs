//! An order's page: show, pay, cancel.

use crate::app::AppError;
use crate::app::bookings::orders::{Orders, is_payment_code, status};
use crate::app::catalog::Catalog;
use crate::http::Services;
use crate::http::call_context;
use crate::model::booking::Booking;
use crate::pages::answers::go_to;
use crate::pages::forms::Form;
use crate::pages::layout::{HtmlPage, Place};

use crate::pages::orders::panel;
use crate::pages::orders::shown::{Shown, find};
use crate::pages::paths;
use crate::pages::session::PageSession;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use domain::HoldId;
use service_http::Problem;
use service_http::extract::Id;

pub(in crate::pages) async fn show(
    session: PageSession,
    services: Data<Services>,
    id: Id<HoldId>,
) -> Result<HttpResponse, Problem> {
    let order = find(id.0, &services.orders, &session).await?;
    Ok(answer(order, &services.orders, &services.catalog, &session, None).await)
}

/// The order's page with an error, if there is one.
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

/// Starts the payment.
pub(in crate::pages) async fn pay(
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
        Ok(_) => Ok(go_to(&paths::order(id.0))),
        Err(error) => moved_on(error, id.0, &services.orders, &services.catalog, &session).await,
    }
}

pub(in crate::pages) async fn cancel(
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
        Ok(_) => Ok(go_to(&paths::order(id.0))),
        Err(error) => moved_on(error, id.0, &services.orders, &services.catalog, &session).await,
    }
}

/// Shows the order's current state if it can no longer be paid or cancelled. Other errors are returned
/// unchanged.
pub(super) async fn moved_on(
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
