//! The user's bookings of all channels, and the page of a booking by count.

use std::collections::{BTreeSet, HashMap};

use actix_web::HttpResponse;
use actix_web::web::Data;
use domain::{BookingId, FlightId};
use flight_api::Flight;
use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use lifecycle::State;
use maud::{Markup, html};
use serde::Deserialize;
use service_core::page::{Page, PageRequest};
use service_http::Problem;
use service_http::extract::{Id, Query};
use uuid::Uuid;

use crate::app::accounts::ownership::Owned as _;
use crate::app::bookings::by_count::Bookings;
use crate::app::catalog::{Airports, Catalog};
use crate::app::tickets::events::Events;
use crate::app::{AppError, Unknown};
use crate::http::Services;
use crate::http::call_context;
use crate::model::booking::{Booking, Channel};
use crate::model::dashboard::Stage;
use crate::model::event::Event;
use crate::pages::answers::go_to;
use crate::pages::cancelling::CancellationWindow;
use crate::pages::forms::{self, Form};
use crate::pages::layout::{HtmlPage, Place};

use crate::pages::orders::badge;
use crate::pages::paths;
use crate::pages::seat_selection::notice;
use crate::pages::session::PageSession;
use crate::pages::{formatting, itinerary_view, orders, seat_map, travelers};

/// Concurrent event lookups.
const EVENTS_AT_ONCE: usize = 8;

const ROWS: i64 = 15;

/// Each with its name in the query and on the page.
pub(super) const STAGES: [(Stage, &str, &str); 5] = [
    (Stage::Open, "open", "Held or paying"),
    (Stage::Confirmed, "confirmed", "Confirmed"),
    (Stage::Cancelled, "cancelled", "Cancelled"),
    (Stage::Expired, "expired", "Expired"),
    (Stage::Failed, "failed", "Failed"),
];

pub(super) fn stage_of(name: &str) -> Option<Stage> {
    let found = STAGES.iter().find(|(_, known, _)| *known == name);
    found.map(|(stage, _, _)| *stage)
}

/// The query of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part {
    before: Option<i64>,
    stage: String,
}

impl Part {
    /// The path of the list with this filter, starting below `before`.
    fn path(stage: &str, before: Option<BookingId>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !stage.is_empty() {
            query.append_pair("stage", stage);
        }
        if let Some(before) = before {
            query.append_pair("before", &before.to_string());
        }
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("/my-bookings{mark}{query}")
    }
}

/// A booking with its flights; those that could not be read are `None`.
pub(super) struct Row {
    pub(super) booking: Booking,
    flights: Vec<Option<Flight>>,
    event: Option<Event>,
}

/// Looks each flight and event up once.
pub(super) async fn rows(bookings: Vec<Booking>, catalog: &Catalog, events: &Events) -> Vec<Row> {
    let wanted = bookings
        .iter()
        .filter_map(|booking| booking.tickets.as_ref());
    let wanted: BTreeSet<Uuid> = wanted.map(|tickets| tickets.event).collect();
    let found = wanted
        .into_iter()
        .map(async |id| (id, events.find(id).await.ok()));
    let found: HashMap<Uuid, Option<Event>> =
        stream::iter(found).buffered(EVENTS_AT_ONCE).collect().await;
    let event_of = |booking: &Booking| found.get(&booking.tickets.as_ref()?.event)?.clone();
    let legs = bookings.iter().flat_map(|booking| &booking.legs);
    let mut ids: Vec<FlightId> = legs.map(|leg| leg.flight).collect();
    ids.sort_unstable();
    ids.dedup();
    let flights = catalog.flights(&ids, &call_context()).await;
    let flight_of = |id: FlightId| {
        let place = ids.binary_search(&id).ok()?;
        flights.get(place).cloned().flatten()
    };
    let rows = bookings.into_iter().map(|booking| Row {
        flights: booking
            .legs
            .iter()
            .map(|leg| flight_of(leg.flight))
            .collect(),
        event: event_of(&booking),
        booking,
    });
    rows.collect()
}

pub(super) async fn list(
    session: PageSession,
    services: Data<Services>,
    part: Query<Part>,
) -> Result<HttpResponse, Problem> {
    let older_than = part.0.before.map(BookingId);
    let stage = stage_of(&part.0.stage);
    let name = STAGES.iter().find(|(known, _, _)| Some(*known) == stage);
    let name = name.map_or("", |(_, name, _)| name);
    let found = services
        .dashboard
        .of_users(&session.users(), stage, older_than, ROWS + 1)
        .await?;
    let shown = older_than.map_or(PageRequest::First, PageRequest::After);
    let shown = Page::of(found, &shown, ROWS, |booking| booking.id);
    let last = shown.after;
    let airports = services
        .catalog
        .airports(&call_context())
        .await
        .unwrap_or_default();
    let rows = rows(shown.rows, &services.catalog, &services.events).await;
    let body = html! {
        div.heading {
            div { h1 { "My bookings" } p.quiet { "Of " b { (session.name) } ", newest first" } }
            nav.tabs aria-label="State" {
                a href="/my-bookings" aria-current=[name.is_empty().then_some("true")] { "All" }
                @for (_, other, text) in STAGES {
                    a href=(Part::path(other, None)) aria-current=[(other == name).then_some("true")] { (text) }
                }
            }
        }
        @if rows.is_empty() && (stage.is_some() || older_than.is_some()) {
            section.card.empty { h2 { "None of these" } p { "No booking of yours stands so. " a href="/my-bookings" { "See all of them" } } }
        } @else if rows.is_empty() {
            section.card.empty {
                h2 { "Nothing booked yet" }
                p { "What you hold and buy will be listed here." }
                p.actions { a.button.primary href="/" { "Search flights" } a.button.quiet href="/events" { "See services.events" } }
            }
        } @else {
            ul.rows { @for row in &rows { li { (row_of(row, &airports)) } } }
        }
        p.pages {
            @if older_than.is_some() { a href=(Part::path(name, None)) { "Newest" } }
            @if let Some(last) = last { a href=(Part::path(name, Some(last))) { "Older bookings" } }
        }
    };
    Ok(HtmlPage::new("My bookings", Place::Bookings, body).answer(&session))
}

pub(super) fn path(booking: &Booking) -> String {
    match booking.channel {
        Channel::Seats => paths::order(booking.hold),
        Channel::Event => paths::tickets(booking.hold),
        Channel::Count | Channel::Simple => format!("/bookings/{}", booking.id),
    }
}

fn row_of(row: &Row, airports: &Airports) -> Markup {
    let booking = &row.booking;
    let departs = row.flights.first().and_then(Option::as_ref);
    let departs =
        departs.map(|flight| formatting::times(flight, airports.find(flight.source), None).0);
    html! {
        a.card href=(path(booking)) {
            div {
                h2 { (title(row, airports)) }
                p.quiet {
                    @if let Some(departs) = departs { (formatting::date(departs.date)) ", " (departs.time) " · " }
                    @if let Some(event) = &row.event { (formatting::event(event)) " · " }
                    (seats(booking))
                }
            }
            span.price {
                @if let Some(total) = booking.total { (formatting::of(total)) }
            }
            (badge(booking))
        }
    }
}

/// The itinerary, or the event's name.
pub(super) fn title(row: &Row, airports: &Airports) -> String {
    if row.booking.channel == Channel::Event {
        let event = row.event.as_ref();
        return event.map_or_else(|| "Tickets".to_owned(), |event| event.name.clone());
    }
    let known: Vec<&Flight> = row.flights.iter().flatten().collect();
    if known.is_empty() {
        return format!("Flight {}", row.booking.flight_ref);
    }
    itinerary_view::title(known.into_iter(), airports)
}

/// Seat numbers, or the number of seats or tickets.
pub(super) fn seats(booking: &Booking) -> String {
    if let Some(tickets) = &booking.tickets {
        return formatting::counted(tickets.quantity.get().into(), "ticket", "tickets");
    }
    let legs = booking.legs.iter();
    let named: Vec<String> = legs
        .map(|leg| seat_map::named(&leg.seats, leg.units.get()))
        .collect();
    match named.split_first() {
        Some((first, rest)) if rest.iter().all(|other| other == first) => first.clone(),
        _ => named.join(" · "),
    }
}

/// Another user's booking counts as unknown, so that not even its channel is revealed.
async fn find(
    id: BookingId,
    bookings: &Bookings,
    session: &PageSession,
) -> Result<Booking, AppError> {
    let booking = bookings.find(id).await?.for_caller(&session.caller);
    booking.map_err(|_| AppError::Unknown(Unknown::Booking(id)))
}

/// Page of a booking by count; other channels redirect to their own page.
pub(super) async fn show(
    session: PageSession,
    services: Data<Services>,
    id: Id<BookingId>,
) -> Result<HttpResponse, Problem> {
    let booking = find(id.0, &services.bookings, &session).await?;
    if matches!(booking.channel, Channel::Seats | Channel::Event) {
        return Ok(go_to(&path(&booking)));
    }
    Ok(answer(
        booking,
        &services.bookings,
        &services.catalog,
        &services.events,
        &session,
        None,
    )
    .await)
}

async fn answer(
    booking: Booking,
    bookings: &Bookings,
    catalog: &Catalog,
    events: &Events,
    session: &PageSession,
    problem: Option<&str>,
) -> HttpResponse {
    let airports = catalog.airports(&call_context()).await.unwrap_or_default();
    let rows = rows(vec![booking], catalog, events).await;
    let Some(row) = rows.first() else {
        return go_to("/my-bookings");
    };
    let booking = &row.booking;
    let title = title(row, &airports);
    let is_cancellable =
        booking.channel == Channel::Count && booking.lifecycle.public_status == State::Confirmed;
    let departs = row.flights.first().and_then(Option::as_ref);
    let departs = departs.map(|flight| flight.departure_time);
    let cutoff = bookings.cutoffs.of(booking.channel);
    let chance = CancellationWindow::of(cutoff, departs, session.actor, Timestamp::now());
    let body = html! {
        h1 { (title) }
        (notice(problem))
        div.columns {
            div {
                section.card.state {
                    div.state-head { (badge(booking)) @if let Some(refusal) = &booking.refusal { p { (crate::pages::error_page::sentence(&refusal.message)) } } }
                    p { (seats(booking)) }
                }
                @for (before, flight) in itinerary_view::with_before(&row.flights) {
                    @if let Some(flight) = flight {
                        (itinerary_view::wait(before.and_then(Option::as_ref), flight, &airports))
                        section.card.leg { (itinerary_view::leg(flight, &airports)) }
                    }
                }
                @if !booking.travelers.is_empty() { section.card { (travelers::list(&booking.travelers)) } }
            }
            aside {
                section.card.summary {
                    h2 { "Total" }
                    p.price { @match booking.total { Some(total) => (formatting::of(total)), None => "–" } }
                    @if is_cancellable { (chance.hint()) }
                    @if is_cancellable && chance.is_open() {
                        details.give-up {
                            summary { "Cancel the booking" }
                            form method="post" action=(format!("/bookings/{}/cancel", booking.id)) {
                                (forms::token(session))
                                p { "The payment is refunded, and the seats go back." }
                                button.danger.wide { "Yes, cancel the booking" }
                            }
                        }
                    }
                    @if matches!(booking.lifecycle.public_status, State::Ended(_)) { a.button.primary.wide href=(orders::again(booking)) { "Book again" } }
                    p.hint { "Booking " code { (booking.id) } }
                }
            }
        }
    };
    HtmlPage::new(title, Place::Bookings, body).answer(session)
}

pub(super) async fn cancel(
    session: PageSession,
    services: Data<Services>,
    id: Id<BookingId>,
    _: Form,
) -> Result<HttpResponse, Problem> {
    let booking = services.bookings.find_count(id.0).await?;
    let booking = booking.for_caller(&session.caller)?;
    match services
        .bookings
        .cancel(booking, session.actor, call_context())
        .await
    {
        Ok(cancelled) => Ok(go_to(&path(&cancelled))),
        Err(AppError::NotCancellable(state)) => {
            let booking = find(id.0, &services.bookings, &session).await?;
            let problem = format!("A booking that is {state} can't be cancelled.");
            Ok(answer(
                booking,
                &services.bookings,
                &services.catalog,
                &services.events,
                &session,
                Some(&problem),
            )
            .await)
        }
        Err(AppError::PastCutoff(_)) => {
            let booking = find(id.0, &services.bookings, &session).await?;
            let problem = "It is too late to cancel the booking.";
            Ok(answer(
                booking,
                &services.bookings,
                &services.catalog,
                &services.events,
                &session,
                Some(problem),
            )
            .await)
        }
        Err(error) => Err(error.into()),
    }
}
