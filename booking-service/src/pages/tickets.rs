//! Tickets to events: bought, watched while their payment is made, given up.

mod buy;
mod panel;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use domain::HoldId;
use domain::sale_rules::Cutoff;
use jiff::Timestamp;
use maud::Markup;
use service_http::Problem;
use service_http::extract::{Id, Query};

use crate::app::AppError;
use crate::app::accounts::ownership::Owned as _;
use crate::app::tickets::event_bookings::EventBookings;
use crate::app::tickets::events::Events;
use crate::http::Services;
use crate::http::call_context;
use crate::model::booking::Channel;
use crate::model::event::Event;
use crate::model::event_booking::EventBooking;
use crate::pages::answers::go_to;
use crate::pages::event_stream::{Known, Live, Subscription, follow, grant, watch};
use crate::pages::forms::Form;
use crate::pages::layout::{HtmlPage, Place};
use crate::pages::middleware::{For, page};
use crate::pages::session::PageSession;

pub(super) use crate::pages::tickets::buy::{form as buy_form, known};

/// Adds the routes.
pub(super) fn configure(config: &mut ServiceConfig) {
    page(
        config,
        For::Somebody,
        "/events/{id}/tickets",
        "POST",
        [web::post().to(buy::buy)],
    );
    page(
        config,
        For::Somebody,
        "/tickets/{id}",
        "GET",
        [web::get().to(show)],
    );
    page(
        config,
        For::Somebody,
        "/tickets/{id}/payment",
        "POST",
        [web::post().to(pay)],
    );
    page(
        config,
        For::Somebody,
        "/tickets/{id}/cancel",
        "POST",
        [web::post().to(cancel)],
    );
    page(
        config,
        For::Somebody,
        "/tickets/{id}/live",
        "GET",
        [web::get().to(stream)],
    );
}

/// Where they are.
pub(super) fn path(id: HoldId) -> String {
    format!("/tickets/{id}")
}

/// A booking of tickets and the event that it is for, unless that was deleted.
struct Shown {
    booking: EventBooking,
    event: Option<Event>,
    /// Until when its customer can cancel it once it is confirmed.
    cutoff: Cutoff,
}

impl Shown {
    async fn of(booking: EventBooking, bookings: &EventBookings, events: &Events) -> Self {
        Self {
            cutoff: bookings.bookings.cutoffs.of(Channel::Event),
            event: events.find(booking.event).await.ok(),
            booking,
        }
    }
}

async fn find(
    id: HoldId,
    bookings: &EventBookings,
    session: &PageSession,
) -> Result<EventBooking, Problem> {
    Ok(bookings.find(id).await?.for_caller(&session.caller)?)
}

/// A booking as it stands.
async fn show(
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

/// Has a declined payment tried again.
async fn pay(
    session: PageSession,
    services: Data<Services>,
    id: Id<HoldId>,
    _: Form,
) -> Result<HttpResponse, Problem> {
    find(id.0, &services.event_bookings, &session).await?;
    match services.payment_jobs.pay_again(id.0).await {
        // Somebody else was faster, and it is tried again all the same.
        Ok(()) | Err(AppError::InProgress) => Ok(go_to(&path(id.0))),
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

/// Gives them up.
async fn cancel(
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
        Ok(_) => Ok(go_to(&path(id.0))),
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

struct Tickets {
    session: PageSession,
    services: Data<Services>,
}

/// Sends their changes.
async fn stream(
    session: PageSession,
    services: Data<Services>,
    live: Data<Live<EventBooking>>,
    id: Id<HoldId>,
    known: Query<Known>,
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
    type EventId = EventBooking;

    fn mark(booking: &EventBooking) -> String {
        panel::mark(booking)
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
