//! What the visitor has booked, through any door, and the page of a booking that was paid at once.

use std::collections::{BTreeSet, HashMap};

use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig};
use clients::flight::Flight;
use domain::{BookingId, FlightId};
use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use lifecycle::State;
use maud::{Markup, html};
use serde::Deserialize;
use service_kit::Problem;
use service_kit::extract::{Id, Query};
use service_kit::page::{ListPart, Listing};
use uuid::Uuid;

use super::cancelling::Chance;
use super::choose::notice;
use super::forms::{self, Form};
use super::layout::{Page, Place};
use super::orders::badge;
use super::visitor::Visitor;
use super::{For, go_to, orders, page, seat_map, tickets, travelers, trip, words};
use crate::app::AppError;
use crate::app::booking::{Booking, Door};
use crate::app::bookings::Bookings;
use crate::app::catalog::{Airports, Catalog};
use crate::app::events::{Event, Events};
use crate::app::overview::{Overview, Stage};
use crate::app::ownership::Owned as _;
use crate::routes::call_context;

/// How many events are asked for side by side.
const EVENTS_AT_ONCE: usize = 8;

/// How many bookings a page has.
const ROWS: i64 = 15;

/// The stages, with their names in addresses and on pages.
pub(super) const STAGES: [(Stage, &str, &str); 5] = [
    (Stage::Open, "open", "Held or paying"),
    (Stage::Confirmed, "confirmed", "Confirmed"),
    (Stage::Cancelled, "cancelled", "Cancelled"),
    (Stage::Expired, "expired", "Expired"),
    (Stage::Failed, "failed", "Failed"),
];

/// The stage of this name in an address.
pub(super) fn stage_of(name: &str) -> Option<Stage> {
    let found = STAGES.iter().find(|(_, known, _)| *known == name);
    found.map(|(stage, _, _)| *stage)
}

/// Adds the routes.
pub(super) fn configure(config: &mut ServiceConfig) {
    page(
        config,
        For::Somebody,
        "/my-bookings",
        "GET",
        [web::get().to(list)],
    );
    page(
        config,
        For::Somebody,
        "/bookings/{id}",
        "GET",
        [web::get().to(show)],
    );
    page(
        config,
        For::Somebody,
        "/bookings/{id}/cancel",
        "POST",
        [web::post().to(cancel)],
    );
}

/// Which part of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Part {
    before: Option<i64>,
    stage: String,
}

impl Part {
    /// The address of the list narrowed to these, from its beginning or from a place on.
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

/// A booking with its flights, as far as they can be had.
pub(super) struct Row {
    pub(super) booking: Booking,
    flights: Vec<Option<Flight>>,
    event: Option<Event>,
}

/// Bookings with their flights and events, each asked for once.
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

/// The visitor's bookings, newest first.
async fn list(
    visitor: Visitor,
    catalog: Data<Catalog>,
    overview: Data<Overview>,
    events: Data<Events>,
    part: Query<Part>,
) -> Result<HttpResponse, Problem> {
    let older_than = part.0.before.map(BookingId);
    let stage = stage_of(&part.0.stage);
    let name = STAGES.iter().find(|(known, _, _)| Some(*known) == stage);
    let name = name.map_or("", |(_, name, _)| name);
    let found = overview
        .of_users(&visitor.users(), stage, older_than, ROWS + 1)
        .await?;
    let shown = older_than.map_or(ListPart::First, ListPart::After);
    let shown = Listing::of(found, &shown, ROWS, |booking| booking.id);
    let last = shown.after;
    let airports = catalog.airports(&call_context()).await.unwrap_or_default();
    let rows = rows(shown.rows, &catalog, &events).await;
    let body = html! {
        div.heading {
            div { h1 { "My bookings" } p.quiet { "Of " b { (visitor.name) } ", newest first" } }
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
                p.actions { a.button.primary href="/" { "Search flights" } a.button.quiet href="/events" { "See events" } }
            }
        } @else {
            ul.rows { @for row in &rows { li { (row_of(row, &airports)) } } }
        }
        p.pages {
            @if older_than.is_some() { a href=(Part::path(name, None)) { "Newest" } }
            @if let Some(last) = last { a href=(Part::path(name, Some(last))) { "Older bookings" } }
        }
    };
    Ok(Page::new("My bookings", Place::Bookings, body).answer(&visitor))
}

/// Where a booking's page is.
pub(super) fn path(booking: &Booking) -> String {
    match booking.door {
        Door::Seats => orders::path(booking.hold),
        Door::Event => tickets::path(booking.hold),
        Door::Count | Door::Simple => format!("/bookings/{}", booking.id),
    }
}

fn row_of(row: &Row, airports: &Airports) -> Markup {
    let booking = &row.booking;
    let departs = row.flights.first().and_then(Option::as_ref);
    let departs = departs.map(|flight| words::times(flight, airports.find(flight.source), None).0);
    html! {
        a.card href=(path(booking)) {
            div {
                h2 { (title(row, airports)) }
                p.quiet {
                    @if let Some(departs) = departs { (words::date(departs.date)) ", " (departs.time) " · " }
                    @if let Some(event) = &row.event { (words::event(event)) " · " }
                    (seats(booking))
                }
            }
            span.price {
                @if let Some(total) = booking.total { (words::of(total)) }
            }
            (badge(booking))
        }
    }
}

/// Where it goes.
pub(super) fn title(row: &Row, airports: &Airports) -> String {
    if row.booking.door == Door::Event {
        let event = row.event.as_ref();
        return event.map_or_else(|| "Tickets".to_owned(), |event| event.name.clone());
    }
    let known: Vec<&Flight> = row.flights.iter().flatten().collect();
    if known.is_empty() {
        return format!("Flight {}", row.booking.flight_ref);
    }
    trip::title(known.into_iter(), airports)
}

/// Which seats, or how many.
pub(super) fn seats(booking: &Booking) -> String {
    if let Some(tickets) = &booking.tickets {
        return words::counted(tickets.quantity.get().into(), "ticket", "tickets");
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

/// A booking of the visitor's. Of what is somebody else's not even the door is told.
async fn find(id: BookingId, bookings: &Bookings, visitor: &Visitor) -> Result<Booking, AppError> {
    let booking = bookings.find(id).await?.for_caller(&visitor.caller);
    booking.map_err(|_| AppError::UnknownBooking(id))
}

/// A booking that was paid at once, or costs nothing here.
async fn show(
    visitor: Visitor,
    bookings: Data<Bookings>,
    catalog: Data<Catalog>,
    events: Data<Events>,
    id: Id<BookingId>,
) -> Result<HttpResponse, Problem> {
    let booking = find(id.0, &bookings, &visitor).await?;
    if matches!(booking.door, Door::Seats | Door::Event) {
        return Ok(go_to(&path(&booking)));
    }
    Ok(answer(booking, &bookings, &catalog, &events, &visitor, None).await)
}

async fn answer(
    booking: Booking,
    bookings: &Bookings,
    catalog: &Catalog,
    events: &Events,
    visitor: &Visitor,
    problem: Option<&str>,
) -> HttpResponse {
    let airports = catalog.airports(&call_context()).await.unwrap_or_default();
    let rows = rows(vec![booking], catalog, events).await;
    let Some(row) = rows.first() else {
        return go_to("/my-bookings");
    };
    let booking = &row.booking;
    let title = title(row, &airports);
    let is_cancellable = booking.door == Door::Count && booking.life.shown == State::Confirmed;
    let departs = row.flights.first().and_then(Option::as_ref);
    let departs = departs.map(|flight| flight.departure_time);
    let cutoff = bookings.cutoffs.of(booking.door);
    let chance = Chance::of(cutoff, departs, visitor.actor, Timestamp::now());
    let body = html! {
        h1 { (title) }
        (notice(problem))
        div.columns {
            div {
                section.card.state {
                    div.state-head { (badge(booking)) @if let Some(refusal) = &booking.refusal { p { (super::failure::sentence(&refusal.message)) } } }
                    p { (seats(booking)) }
                }
                @for (before, flight) in trip::with_before(&row.flights) {
                    @if let Some(flight) = flight {
                        (trip::wait(before.and_then(Option::as_ref), flight, &airports))
                        section.card.leg { (trip::leg(flight, &airports)) }
                    }
                }
                @if !booking.travelers.is_empty() { section.card { (travelers::list(&booking.travelers)) } }
            }
            aside {
                section.card.summary {
                    h2 { "Total" }
                    p.price { @match booking.total { Some(total) => (words::of(total)), None => "–" } }
                    @if is_cancellable { (chance.hint()) }
                    @if is_cancellable && chance.is_open() {
                        details.give-up {
                            summary { "Cancel the booking" }
                            form method="post" action=(format!("/bookings/{}/cancel", booking.id)) {
                                (forms::token(visitor))
                                p { "The payment is refunded, and the seats go back." }
                                button.danger.wide { "Yes, cancel the booking" }
                            }
                        }
                    }
                    @if matches!(booking.life.shown, State::Ended(_)) { a.button.primary.wide href=(orders::again(booking)) { "Book again" } }
                    p.hint { "Booking " code { (booking.id) } }
                }
            }
        }
    };
    Page::new(title, Place::Bookings, body).answer(visitor)
}

/// Cancels a booking that was paid at once.
async fn cancel(
    visitor: Visitor,
    bookings: Data<Bookings>,
    catalog: Data<Catalog>,
    events: Data<Events>,
    id: Id<BookingId>,
    _: Form,
) -> Result<HttpResponse, Problem> {
    let booking = bookings.find_count(id.0).await?;
    let booking = booking.for_caller(&visitor.caller)?;
    match bookings
        .cancel(booking, visitor.actor, call_context())
        .await
    {
        Ok(cancelled) => Ok(go_to(&path(&cancelled))),
        Err(AppError::NotCancellable(state)) => {
            let booking = find(id.0, &bookings, &visitor).await?;
            let problem = format!("A booking that is {state} can't be cancelled.");
            Ok(answer(
                booking,
                &bookings,
                &catalog,
                &events,
                &visitor,
                Some(&problem),
            )
            .await)
        }
        Err(AppError::PastCutoff(_)) => {
            let booking = find(id.0, &bookings, &visitor).await?;
            let problem = "It is too late to cancel the booking.";
            Ok(answer(
                booking,
                &bookings,
                &catalog,
                &events,
                &visitor,
                Some(problem),
            )
            .await)
        }
        Err(error) => Err(error.into()),
    }
}
