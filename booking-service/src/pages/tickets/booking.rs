//! An event booking's page: show, pay again, cancel.

use crate::app::AppError;
use crate::app::tickets::event_bookings::EventBookings;
use crate::app::tickets::events::Events;
use crate::http::Services;
use crate::http::call_context;
use crate::model::event_booking::EventBooking;
use crate::pages::answers::go_to;

use crate::pages::forms::Form;
use crate::pages::layout::{HtmlPage, Place};

use crate::pages::paths;
use crate::pages::session::PageSession;
use crate::pages::tickets::panel;
use crate::pages::tickets::shown::{Shown, find};
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
    let booking = find(id.0, &services.event_bookings, &session).await?;
    Ok(answer(
        booking,
        &services.event_bookings,
        &services.events,
        &session,
        None,
    )
    .await)
}

async fn answer(
    booking: EventBooking,
    bookings: &EventBookings,
    events: &Events,
    session: &PageSession,
    notice: Option<&str>,
) -> HttpResponse {
    let shown = Shown::of(booking, bookings, events).await;
    let status = match notice {
        Some(_) => StatusCode::CONFLICT,
        None => StatusCode::OK,
    };
    let page = HtmlPage {
        refresh_seconds: (!panel::is_final(&shown.booking)).then_some(2),
        ..HtmlPage::new(
            panel::title(&shown),
            Place::Bookings,
            panel::body(&shown, session, notice),
        )
    };
    page.answer_with(status, session)
}

/// Retries a declined payment.
pub(in crate::pages) async fn pay(
    session: PageSession,
    services: Data<Services>,
    id: Id<HoldId>,
    _: Form,
) -> Result<HttpResponse, Problem> {
    find(id.0, &services.event_bookings, &session).await?;
    match services.payment_jobs.pay_again(id.0).await {
        // A concurrent request has started the retry already.
        Ok(()) | Err(AppError::InProgress) => Ok(go_to(&paths::tickets(id.0))),
        Err(AppError::WrongState(_)) => {
            let booking = find(id.0, &services.event_bookings, &session).await?;
            let notice = "The booking has moved on since the page was made.";
            Ok(answer(
                booking,
                &services.event_bookings,
                &services.events,
                &session,
                Some(notice),
            )
            .await)
        }
        Err(error) => Err(error.into()),
    }
}

pub(in crate::pages) async fn cancel(
    session: PageSession,
    services: Data<Services>,
    id: Id<HoldId>,
    _: Form,
) -> Result<HttpResponse, Problem> {
    find(id.0, &services.event_bookings, &session).await?;
    match services
        .event_bookings
        .cancel(id.0, session.actor, call_context())
        .await
    {
        Ok(_) => Ok(go_to(&paths::tickets(id.0))),
        Err(AppError::WrongState(_)) => {
            let booking = find(id.0, &services.event_bookings, &session).await?;
            let notice = "The booking was over already.";
            Ok(answer(
                booking,
                &services.event_bookings,
                &services.events,
                &session,
                Some(notice),
            )
            .await)
        }
        Err(AppError::PastCutoff(_)) => {
            let booking = find(id.0, &services.event_bookings, &session).await?;
            let notice = "It is too late to cancel the booking.";
            Ok(answer(
                booking,
                &services.event_bookings,
                &services.events,
                &session,
                Some(notice),
            )
            .await)
        }
        Err(error) => Err(error.into()),
    }
}
