//! How the service does, for those who run it.

mod chart;
mod dead_letters;
mod figures;
mod proof;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig};
use maud::{Markup, html};
use serde::Deserialize;
use service_kit::Problem;
use service_kit::extract::Query;

use super::bookings::{Row, path, rows, seats, title};
use super::layout::{Page, Place};
use super::orders::badge;
use super::visitor::Visitor;
use super::words;
use super::{fragment, page};
use crate::app::catalog::{Airports, Catalog};
use crate::app::events::Events;
use crate::app::overview::{Overview, Span};
use crate::app::payment_jobs::PaymentJobs;
use crate::routes::call_context;

/// The spans, with their names in addresses and on the page.
const SPANS: [(Span, &str, &str); 3] = [
    (Span::Hour, "hour", "Hour"),
    (Span::Day, "day", "Day"),
    (Span::Week, "week", "Week"),
];

/// Adds the routes.
pub(super) fn configure(config: &mut ServiceConfig) {
    page(config, "/operations", "GET", [web::get().to(show)]);
    page(
        config,
        "/operations/figures",
        "GET",
        [web::get().to(figures)],
    );
    page(config, "/operations/proof", "GET", [web::get().to(proof)]);
    page(
        config,
        "/operations/dead-letters",
        "GET",
        [web::get().to(dead_letters::fragment)],
    );
    page(
        config,
        "/operations/dead-letters/{id}/requeue",
        "POST",
        [web::post().to(dead_letters::requeue)],
    );
    page(config, "/operations/bookings", "GET", [web::get().to(find)]);
}

/// What is looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    span: String,
    find: String,
}

impl Asked {
    fn span(&self) -> (Span, &'static str) {
        let named = SPANS.iter().find(|(_, name, _)| *name == self.span);
        named.map_or((Span::Hour, "hour"), |(span, name, _)| (*span, name))
    }
}

/// All of it.
async fn show(
    visitor: Visitor,
    overview: Data<Overview>,
    catalog: Data<Catalog>,
    jobs: Data<PaymentJobs>,
    asked: Query<Asked>,
) -> Result<HttpResponse, Problem> {
    visitor.check_staff()?;
    let dead_letters = dead_letters::list(&jobs, &visitor).await?;
    let (span, name) = asked.0.span();
    let figures = figures::read(&overview, &catalog, span).await?;
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
        div.stack hx-get=(format!("/operations/figures?span={name}")) hx-trigger="every 5s" hx-swap="innerHTML" {
            (figures.html())
        }
        section.card.stack #dead-letters aria-labelledby="letters" {
            h2 #letters { "Dead letters" }
            div hx-get="/operations/dead-letters" hx-trigger="every 5s" hx-swap="innerHTML" { (dead_letters) }
        }
        (search_form(""))
    };
    Ok(Page::new("Operations", Place::Operations, body).answer(&visitor))
}

/// The figures alone, for a page that is open.
async fn figures(
    visitor: Visitor,
    overview: Data<Overview>,
    catalog: Data<Catalog>,
    asked: Query<Asked>,
) -> Result<HttpResponse, Problem> {
    visitor.check_staff()?;
    let figures = figures::read(&overview, &catalog, asked.0.span().0).await?;
    Ok(fragment(&figures.html()))
}

/// The proof: a piece for an open page, a page for a browser without scripts.
async fn proof(
    visitor: Visitor,
    overview: Data<Overview>,
    catalog: Data<Catalog>,
    request: actix_web::HttpRequest,
) -> Result<HttpResponse, Problem> {
    visitor.check_staff()?;
    let html = proof::proof(&overview, &catalog).await;
    if request.headers().contains_key("hx-request") {
        return Ok(fragment(&html));
    }
    let body = html! {
        h1 { "The ledger's proof" }
        section.card.stack { (html) }
        p { a href="/operations" { "Back to operations" } }
    };
    Ok(Page::new("The ledger's proof", Place::Operations, body).answer(&visitor))
}

fn search_form(text: &str) -> Markup {
    html! {
        section.card.stack aria-labelledby="search-bookings" {
            h2 #search-bookings { "Find bookings" }
            form.find action="/operations/bookings" role="search" {
                div.field {
                    label for="find" { "Booking, order, user or flight id" }
                    input #find type="search" name="find" required maxlength="255" value=(text) autocomplete="off";
                }
                button.primary { "Find" }
            }
        }
    }
}

/// Bookings by what is known of them.
async fn find(
    visitor: Visitor,
    overview: Data<Overview>,
    catalog: Data<Catalog>,
    events: Data<Events>,
    asked: Query<Asked>,
) -> Result<HttpResponse, Problem> {
    visitor.check_staff()?;
    let text = asked.0.find.trim();
    let found = if text.is_empty() {
        Vec::new()
    } else {
        overview.search(text).await?
    };
    let airports = catalog.airports(&call_context()).await.unwrap_or_default();
    let rows = rows(found, &catalog, &events).await;
    let body = html! {
        h1 { "Find bookings" }
        (search_form(text))
        @if rows.is_empty() && !text.is_empty() {
            section.card.empty {
                h2 { "Nothing found" }
                p { "No booking has this number, and no user or flight with this id has one. Names have to be written as they were given." }
            }
        } @else if !rows.is_empty() { (table(&rows, &airports)) }
        p { a href="/operations" { "Back to operations" } }
    };
    Ok(Page::new("Find bookings", Place::Operations, body).answer(&visitor))
}

fn table(rows: &[Row], airports: &Airports) -> Markup {
    html! {
        section.card.scroll tabindex="0" aria-label="Bookings" {
            table.numbers-table {
                thead { tr {
                    th scope="col" { "Booking" } th scope="col" { "User" } th scope="col" { "For" }
                    th scope="col" { "Made" } th.right scope="col" { "Total" } th.right scope="col" { "State" }
                } }
                tbody {
                    @for row in rows {
                        @let booking = &row.booking;
                        tr {
                            td { a href=(path(booking)) { (booking.id) } }
                            td { (booking.user) }
                            td { (title(row, airports)) br; small { (seats(booking)) } }
                            td { (words::moment(booking.created_at)) }
                            td.right { @if let Some(total) = booking.total { (words::money(total.amount, total.currency)) } }
                            td.right { (badge(booking)) }
                        }
                    }
                }
            }
        }
    }
}
