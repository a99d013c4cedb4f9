//! The operators' dashboard.

pub(super) mod actions;
mod chart;
pub(super) mod dead_letters;
mod figures;
mod proof;
pub(super) mod search;

use actix_web::HttpResponse;
use actix_web::web::Data;
use maud::html;
use serde::Deserialize;
use service_core::caller::Role;
use service_http::Problem;
use service_http::extract::Query;

use crate::http::Services;
use crate::model::dashboard::Span;
use crate::pages::answers::fragment;
use crate::pages::layout::{HtmlPage, Place};

use crate::pages::session::PageSession;

/// Each with its name in the query and on the page.
const SPANS: [(Span, &str, &str); 3] = [
    (Span::Hour, "hour", "Hour"),
    (Span::Day, "day", "Day"),
    (Span::Week, "week", "Week"),
];

/// The query of the dashboard.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    span: String,
}

impl Asked {
    fn span(&self) -> (Span, &'static str) {
        let named = SPANS.iter().find(|(_, name, _)| *name == self.span);
        named.map_or((Span::Hour, "hour"), |(span, name, _)| (*span, name))
    }
}

pub(super) async fn show(
    session: PageSession,
    services: Data<Services>,
    asked: Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let dead_letters = dead_letters::list(&services.payment_jobs, &session).await?;
    let (span, name) = asked.0.span();
    let figures = figures::read(&services.dashboard, &services.catalog, span).await?;
    let body = html! {
        div.heading {
            h1 { "Operations" }
            nav.tabs aria-label="Time" {
                @for (_, other, text) in SPANS {
                    a href=(format!("/operations?span={other}")) aria-current=[(other == name).then_some("true")] { (text) }
                }
            }
        }
        section.card.stack aria-labelledby="ledger" {
            h2 #ledger { "The ledger's proof" }
            div hx-get="/operations/proof" hx-trigger="load, every 60s" hx-swap="innerHTML" aria-live="polite" {
                p.quiet { "Every seat and ticket is accounted for, or it is said here which is not. " a href="/operations/proof" { "Check now" } }
            }
        }
        div.apart hx-get=(format!("/operations/figures?span={name}")) hx-trigger="every 5s" hx-swap="innerHTML" {
            (figures.html())
        }
        section.card.stack #dead-letters aria-labelledby="letters" {
            h2 #letters { "Dead letters" }
            div hx-get="/operations/dead-letters" hx-trigger="every 5s" hx-swap="innerHTML" { (dead_letters) }
        }
        (search::form(&search::Asked::default(), figures.events()))
        @if session.caller.role() == Some(Role::Admin) {
            p.links { a href="/operations/actions" { "What staff did" } }
        }
    };
    Ok(HtmlPage::new("Operations", Place::Operations, body).answer(&session))
}

/// Fragment for an open dashboard.
pub(super) async fn figures(
    services: Data<Services>,
    asked: Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let figures = figures::read(&services.dashboard, &services.catalog, asked.0.span().0).await?;
    Ok(fragment(&figures.html()))
}

/// The ledger proof: a fragment for htmx, a page without scripts.
pub(super) async fn proof(
    session: PageSession,
    services: Data<Services>,
    request: actix_web::HttpRequest,
) -> Result<HttpResponse, Problem> {
    let html = proof::proof(&services.dashboard, &services.catalog).await;
    if request.headers().contains_key("hx-request") {
        return Ok(fragment(&html));
    }
    let body = html! {
        h1 { "The ledger's proof" }
        section.card.stack { (html) }
        p.links { a href="/operations" { "Back to operations" } }
    };
    Ok(HtmlPage::new("The ledger's proof", Place::Operations, body).answer(&session))
}
