//! Booking search over all channels and users.

use actix_web::HttpResponse;
use actix_web::web::Data;
use clients::CallContext;
use domain::{BookingId, is_visible};
use jiff::civil::Date;
use lifecycle::State;
use maud::{Markup, html};
use serde::Deserialize;
use service_http::Problem;
use service_http::extract::Query;
use uuid::Uuid;

use crate::app::catalog::{Airports, Catalog};
use crate::app::operations::dashboard::{Found, LATEST_BOOKINGS};
use crate::app::{AppError, Unknown};
use crate::http::Services;
use crate::http::call_context;
use crate::model::booking::Booking;
use crate::model::dashboard::{BookingFilter, EventSales};
use crate::pages::bookings::{Row, STAGES, path, rows, seats, stage_of, title};
use crate::pages::formatting;
use crate::pages::layout::{HtmlPage, Place};
use crate::pages::orders::badge;
use crate::pages::seat_selection::notice;
use crate::pages::session::PageSession;

const PATH: &str = "/operations/bookings";

/// The query of the search.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Asked {
    find: String,
    stage: String,
    flight: String,
    event: String,
    made: String,
    before: Option<i64>,
}

impl Asked {
    fn fields(&self) -> [&str; 5] {
        [
            &self.find,
            &self.stage,
            &self.flight,
            &self.event,
            &self.made,
        ]
    }

    fn is_empty(&self) -> bool {
        self.fields().iter().all(|field| field.trim().is_empty())
    }

    /// Parses the query; `Err` is a message for the page.
    async fn understood(
        &self,
        catalog: &Catalog,
        context: &CallContext,
    ) -> Result<Result<BookingFilter, String>, AppError> {
        if !self.fields().iter().all(|field| is_visible(field)) {
            return Ok(Err("what is looked for has letters and digits".to_owned()));
        }
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let mut wanted = BookingFilter {
            known: given(&self.find),
            stage: stage_of(&self.stage),
            older_than: self.before.map(BookingId),
            ..BookingFilter::default()
        };
        if let Some(flight) = given(&self.flight) {
            wanted.flight = match (flight.parse(), catalog.flight(&flight, context)) {
                (Ok(id), _) => Some(id),
                (Err(_), found) => match found.await {
                    Ok(found) => Some(found.id),
                    Err(AppError::Unknown(Unknown::Flight(_))) => {
                        return Ok(Err(format!("there is no flight {flight}")));
                    }
                    Err(error) => return Err(error),
                },
            };
        }
        if let Some(event) = given(&self.event) {
            let Ok(id) = Uuid::try_parse(&event) else {
                return Ok(Err(format!("there is no event {event}")));
            };
            wanted.event = Some(id);
        }
        if let Some(made) = given(&self.made) {
            let Ok(day) = made.parse::<Date>() else {
                return Ok(Err("a day is written like 2030-06-01".to_owned()));
            };
            wanted.made_on = Some(day);
        }
        Ok(Ok(wanted))
    }

    /// The path of the same search, starting below `before`.
    fn path(&self, before: Option<BookingId>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let before = before.map(|id| id.to_string()).unwrap_or_default();
        for (name, value) in [
            ("find", &self.find),
            ("stage", &self.stage),
            ("flight", &self.flight),
            ("event", &self.event),
            ("made", &self.made),
            ("before", &before),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        format!("{PATH}?{}", query.finish())
    }
}

/// The filled-in form; any single field is enough.
pub(super) fn form(asked: &Asked, events: &[EventSales]) -> Markup {
    let chosen = asked.event.trim();
    let is_listed = events.iter().any(|one| one.event.to_string() == chosen);
    html! {
        section.card.stack aria-labelledby="search-bookings" {
            h2 #search-bookings { "Find bookings" }
            form.find action=(PATH) role="search" aria-label="Bookings" {
                div.field.broad {
                    label for="find" { "Booking, order, user or flight id" }
                    input #find type="search" name="find" maxlength="255" value=(asked.find) autocomplete="off";
                }
                div.field {
                    label for="stage" { "State" }
                    select #stage name="stage" {
                        option value="" { "Any" }
                        @for (_, name, text) in STAGES {
                            option value=(name) selected[name == asked.stage] { (text) }
                        }
                    }
                }
                div.field {
                    label for="flight" { "Flight" }
                    input #flight name="flight" maxlength="20" value=(asked.flight) placeholder="AI101 or id" title="Of a number, the next departure" autocomplete="off";
                }
                div.field.roomy {
                    label for="event" { "Event" }
                    select #event name="event" {
                        option value="" { "Any" }
                        @for one in events {
                            option value=(one.event) selected[one.event.to_string() == chosen] { (one.name) }
                        }
                        @if !chosen.is_empty() && !is_listed { option value=(chosen) selected { (chosen) } }
                    }
                }
                div.field.roomy {
                    label for="made" { "Made on (UTC)" }
                    input #made type="date" name="made" value=(asked.made);
                }
                button.primary { "Find" }
            }
        }
    }
}

pub(in crate::pages) async fn find(
    session: PageSession,
    services: Data<Services>,
    asked: Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let asked = asked.0;
    let context = call_context();
    let (found, problem) = match asked.understood(&services.catalog, &context).await? {
        _ if asked.is_empty() => (None, None),
        Ok(wanted) => (Some(services.dashboard.search(&wanted).await?), None),
        Err(problem) => (None, Some(problem)),
    };
    let newest = services.dashboard.events().await?;
    let airports = services
        .catalog
        .airports(&context)
        .await
        .unwrap_or_default();
    let body = html! {
        h1 { "Bookings" }
        (notice(problem.as_deref()))
        (form(&asked, &newest))
        @if let Some(Found { bookings, older_than }) = found {
            @let rows = rows(bookings, &services.catalog, &services.events).await;
            @if rows.is_empty() { (nothing(older_than.is_some())) }
            @else { (table(&rows, &airports)) }
            @if older_than.is_some() {
                p.pages { a href=(asked.path(older_than)) { "Older bookings" } }
            }
        }
        p.links { a href="/operations" { "Back to operations" } }
    };
    Ok(HtmlPage::new("Find bookings", Place::Operations, body).answer(&session))
}

fn nothing(has_older: bool) -> Markup {
    html! {
        section.card.empty {
            h2 { "Nothing found" }
            @if has_older {
                p { "None of the latest " (formatting::count(LATEST_BOOKINGS)) " bookings is like this. Older ones may be." }
            } @else {
                p { "No booking is like this, of the latest " (formatting::count(LATEST_BOOKINGS)) " of the flight or the user. Names have to be written as they were given." }
            }
        }
    }
}

/// A booking's badge, worded for staff.
fn state(booking: &Booking) -> Markup {
    match booking.lifecycle.public_status {
        State::Held => html! { span.badge.held { "Held" } },
        _ => badge(booking),
    }
}

fn table(rows: &[Row], airports: &Airports) -> Markup {
    html! {
        section.card.scroll tabindex="0" aria-label="Bookings" {
            table.numbers-table.broad {
                thead { tr {
                    th scope="col" { "Booking" } th scope="col" { "User" } th scope="col" { "For" }
                    th scope="col" { "Made" } th.right scope="col" { "Total" } th.right scope="col" { "State" }
                } }
                tbody {
                    @for row in rows {
                        @let booking = &row.booking;
                        tr {
                            td data-name="Booking" { a href=(path(booking)) { (booking.id) } }
                            td data-name="User" { (booking.user) }
                            td data-name="For" { span { (title(row, airports)) br; small { (seats(booking)) } } }
                            td.whole data-name="Made" { (formatting::moment(booking.created_at)) }
                            td.right data-name="Total" { @if let Some(total) = booking.total { (formatting::of(total)) } }
                            td.right data-name="State" { (state(booking)) }
                        }
                    }
                }
            }
        }
    }
}
