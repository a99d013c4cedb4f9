//! Events: list and page, with the form to buy tickets.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;
use service_core::page::{Page, PageRequest};
use service_http::Problem;
use service_http::extract::{Id, Query};
use uuid::Uuid;

use crate::app::accounts::users::Users;
use crate::app::operations::dashboard::Dashboard;
use crate::app::tickets::events::Events;
use crate::http::Services;
use crate::model::event::Event;
use crate::pages::answers::fragment;
use crate::pages::layout::{HtmlPage, Place};

use crate::pages::formatting;
use crate::pages::paths;
use crate::pages::seat_selection::notice;
use crate::pages::session::PageSession;
use crate::pages::tickets::form;

const ROWS: i64 = 24;

/// The query of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part {
    after: Option<Uuid>,
}

/// In the order in which they were created.
pub(super) async fn list(
    session: PageSession,
    services: Data<Services>,
    part: Query<Part>,
) -> Result<HttpResponse, Problem> {
    let found = services.events.list(part.0.after, ROWS + 1).await?;
    let shown = part.0.after.map_or(PageRequest::First, PageRequest::After);
    let shown = Page::of(found, &shown, ROWS, |event| event.id);
    let (found, last) = (shown.rows, shown.after);
    let ids: Vec<Uuid> = found.iter().map(|event| event.id).collect();
    let free = services.dashboard.tickets_left(&ids).await?;
    let now = Timestamp::now();
    let body = html! {
        h1 { "Events" }
        @if found.is_empty() {
            section.card.empty { h2 { "No services.events yet" } p { "What is announced will be listed here." } }
        } @else {
            ul.rows {
                @for event in &found {
                    li {
                        a.card href=(paths::event(event.id)) {
                            div { h2 { (event.name) } p.quiet { (formatting::event(event)) } }
                            span.price { (price(event)) }
                            (left(event, free.get(&event.id).copied(), now))
                        }
                    }
                }
            }
        }
        p.pages {
            @if part.0.after.is_some() { a href="/events" { "First services.events" } }
            @if let Some(last) = last { a href=(format!("/events?after={last}")) { "More services.events" } }
        }
    };
    Ok(HtmlPage::new("Events", Place::Events, body).answer(&session))
}

pub(super) fn price(event: &Event) -> String {
    if event.price.minor() == 0 {
        return "Free".to_owned();
    }
    formatting::of(event.price)
}

fn left(event: &Event, free: Option<i32>, now: Timestamp) -> Markup {
    html! {
        @match free {
            _ if !event.sales.is_open(now) => span.badge { "Not on sale" },
            Some(0) => span.badge { "Sold out" },
            Some(free) => span.badge.good { (formatting::counted(free.max(0).unsigned_abs().into(), "ticket", "tickets")) " left" },
            None => span.badge { "–" },
        }
    }
}

/// What an event's page reads from.
pub(super) struct Sale<'a> {
    pub(super) events: &'a Events,
    pub(super) dashboard: &'a Dashboard,
    pub(super) users: &'a Users,
}

pub(super) async fn show(
    session: PageSession,
    services: Data<Services>,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let sale = Sale {
        events: &services.events,
        dashboard: &services.dashboard,
        users: &services.users,
    };
    let page = event_page(&session, &sale, id.0, None).await?;
    Ok(page.answer(&session))
}

/// The page again, with why the purchase was refused.
pub(super) async fn again(
    session: &PageSession,
    sale: &Sale<'_>,
    id: Uuid,
    notice: &str,
) -> Result<HttpResponse, Problem> {
    let page = event_page(session, sale, id, Some(notice)).await?;
    Ok(page.answer_with(StatusCode::CONFLICT, session))
}

async fn event_page(
    session: &PageSession,
    sale: &Sale<'_>,
    id: Uuid,
    problem: Option<&str>,
) -> Result<HtmlPage, Problem> {
    let event = sale.events.find(id).await?;
    let free = sale.dashboard.tickets_left(&[id]).await?.remove(&id);
    let user = form::known(session, sale.users).await;
    let now = Timestamp::now();
    let is_on_sale = event.sales.is_open(now) && free.is_some_and(|free| free > 0);
    let body = html! {
        h1 { (event.name) }
        (notice(problem))
        div.columns {
            div {
                section.card.stack {
                    h2 { (formatting::event_time(&event)) }
                    @if let Some(venue) = &event.venue { p { (venue) } }
                    @if !event.description.is_empty() { p.prose { (event.description) } }
                }
            }
            aside {
                section.card.summary {
                    h2 { "Tickets" }
                    p.price { (price(&event)) }
                    p hx-get=(format!("{}/left", paths::event(event.id))) hx-trigger="every 3s" hx-swap="innerHTML" {
                        (left(&event, free, now))
                    }
                    @if is_on_sale { (form::form(event.id, user.as_ref(), session)) }
                }
            }
        }
    };
    Ok(HtmlPage::new(event.name.clone(), Place::Events, body))
}

/// Fragment with the number of free tickets.
pub(super) async fn left_now(
    services: Data<Services>,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let event = services.events.find(id.0).await?;
    let free = services
        .dashboard
        .tickets_left(&[id.0])
        .await?
        .remove(&id.0);
    let left = left(&event, free, Timestamp::now());
    Ok(fragment(&left))
}
