//! Flight search: form, results, fare calendar, airport suggestions.

mod calendar;
mod form;
mod results;
mod search_form;

use actix_web::HttpResponse;
use actix_web::web::Data;
use maud::{Markup, html};
use service_http::Problem;
use service_http::extract::Query;

use crate::http::Services;
use crate::http::call_context;
use crate::pages::layout::{HtmlPage, Place};
use crate::pages::search::search_form::{FieldError, SearchForm};
use crate::pages::session::PageSession;

/// As many as a small screen shows.
const SUGGESTIONS: usize = 7;

pub(super) async fn start(
    session: PageSession,
    services: Data<Services>,
    search_form: Query<SearchForm>,
) -> HttpResponse {
    let airports = services.catalog.airports(&call_context()).await;
    let airports = airports.unwrap_or_default();
    let search_form = search_form.0.with_defaults();
    let body = html! {
        div.hero {
            h1 { "Where to?" }
            p.lead { "Every seat you see is free right now, and it is yours alone from the moment you take it." }
        }
        (form::form(&search_form, &airports, &[]))
        ul.facts {
            li { b { "Live seat maps" } span { "What others take disappears while you look." } }
            li { b { "Held while you pay" } span { "Chosen seats wait for you, with the time left in sight." } }
            li { b { "All or nothing" } span { "An itinerary is booked as one, on all of its flights." } }
        }
    };
    HtmlPage::new("Search flights", Place::Search, body).answer(&session)
}

pub(super) async fn results(
    session: PageSession,
    services: Data<Services>,
    search_form: Query<SearchForm>,
) -> Result<HttpResponse, Problem> {
    let context = call_context();
    let search_form = search_form.0.with_defaults();
    let airports = services.catalog.airports(&context).await?;
    let search = match search_form.understood(&airports, SUGGESTIONS) {
        Ok(search) => search,
        Err(faults) => return Ok(faulty(&session, &search_form, &airports, &faults)),
    };
    let (source, destination) = (search.source, search.destination);
    let fares = services
        .catalog
        .calendar(source, destination, search.date, search.seats, &context);
    let (found, fares) = futures_util::join!(services.catalog.search(&search, &context), fares);
    let found = found?;
    let names = [source, destination].map(|code| {
        let airport = airports.find(code);
        airport.map_or_else(|| code.to_string(), |airport| airport.city.clone())
    });
    let title = format!("{} to {}", names[0], names[1]);
    let body = html! {
        (form::form(&search_form, &airports, &[]))
        div.columns {
            div {
                (results::heading(&title, &search, &search_form, &found))
                (results::list(&search, &search_form, &found, &airports))
            }
            @if let Ok(fares) = fares {
                aside { (calendar::calendar(&fares, &search, &search_form)) }
            }
        }
    };
    Ok(HtmlPage::new(title, Place::Search, body).answer(&session))
}

/// The form again, with its errors.
fn faulty(
    session: &PageSession,
    search_form: &SearchForm,
    airports: &crate::app::catalog::Airports,
    faults: &[FieldError<'_>],
) -> HttpResponse {
    let body = html! {
        h1 { "Search flights" }
        div.notice.bad role="alert" {
            p { b { "The search needs a little more." } }
            ul {
                @for fault in faults {
                    li { a href=(format!("#{}", fault.field)) { (fault.text) } (choices(fault, search_form)) }
                }
            }
        }
        (form::form(search_form, airports, faults))
    };
    let status = actix_web::http::StatusCode::BAD_REQUEST;
    HtmlPage::new("Search flights", Place::Search, body).answer_with(status, session)
}

/// For an ambiguous airport: links that repeat the search with each candidate.
fn choices(fault: &FieldError<'_>, search_form: &SearchForm) -> Markup {
    html! {
        @if !fault.choices.is_empty() {
            ul.choices {
                @for airport in &fault.choices {
                    @let code = airport.code.to_string();
                    li { a.chip href=(search_form.with(fault.field, &code).path()) {
                        b { (code) } " " (airport.city) ", " (airport.name)
                    } }
                }
            }
        }
    }
}

/// Fragment with suggestions for the typed text.
pub(super) async fn airports(
    services: Data<Services>,
    typed: Query<search_form::Typed>,
) -> Result<HttpResponse, Problem> {
    let airports = services.catalog.airports(&call_context()).await?;
    let (field, text) = typed.0.field();
    let options = form::options(field, &airports.suggest(text, SUGGESTIONS));
    let answer = HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(options.into_string());
    Ok(answer)
}
