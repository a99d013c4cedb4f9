//! An itinerary with the seats of its flights, and the form that orders them.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data};
use clients::CallContext;
use domain::sale_rules::holding::SEATS_MAX;
use domain::{FlightId, Legs, Money, Units};
use flight_api::{Flight, SeatMap};
use futures_util::future::try_join_all;
use maud::{Markup, html};
use serde::Deserialize;
use service_http::Problem;
use service_http::extract::Query;
use uuid::Uuid;

use crate::app::catalog::{Airports, Catalog};
use crate::http::Services;
use crate::http::call_context;
use crate::pages::layout::{HtmlPage, Place};
use crate::pages::seat_map::{self, OwnSeats};
use crate::pages::session::PageSession;
use crate::pages::travelers::{self, Typed};
use crate::pages::{formatting, forms, itinerary_view};

/// The query of an itinerary.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    flights: String,
    seats: Option<i64>,
}

pub(super) struct Leg {
    pub(super) flight: Flight,
    pub(super) map: SeatMap,
}

/// The customer's selection so far, and the error of the last attempt.
#[derive(Default)]
pub(super) struct Choice {
    /// Number of seats, if given.
    pub(super) seats: Option<Units>,
    /// Own and selected seats by flight.
    pub(super) mine: HashMap<FlightId, OwnSeats>,
    /// Typed so far.
    pub(super) travelers: Vec<Typed>,
    /// Why the last attempt was refused.
    pub(super) notice: Option<String>,
}

/// By id or by flight number.
pub(super) async fn flight(
    session: PageSession,
    services: Data<Services>,
    name: web::Path<String>,
    asked: Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let context = call_context();
    let id = services.catalog.flight(&name, &context).await?.id;
    show(
        &session,
        &services.catalog,
        &id.into(),
        choice_of(&asked.0),
        &context,
    )
    .await
}

/// Flights booked together.
pub(super) async fn itinerary(
    session: PageSession,
    services: Data<Services>,
    asked: Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let ids = flight_ids(&asked.0.flights)?;
    show(
        &session,
        &services.catalog,
        &ids,
        choice_of(&asked.0),
        &call_context(),
    )
    .await
}

fn choice_of(asked: &Asked) -> Choice {
    let seats = asked.seats.and_then(|seats| Units::try_from(seats).ok());
    Choice {
        seats: seats.filter(|seats| seats.get() <= SEATS_MAX),
        ..Choice::default()
    }
}

/// Parses an itinerary's flight ids, in order: `8,9`.
pub(super) fn flight_ids(text: &str) -> Result<Legs, Problem> {
    let ids: Result<Vec<FlightId>, _> = text.split(',').map(|id| id.trim().parse()).collect();
    let ids =
        ids.map_err(|_| Problem::invalid_field("flights", "must name flights by their ids"))?;
    Legs::try_from(ids).map_err(|broken| Problem::invalid_field("flights", broken.to_string()))
}

async fn show(
    session: &PageSession,
    catalog: &Catalog,
    ids: &Legs,
    choice: Choice,
    context: &CallContext,
) -> Result<HttpResponse, Problem> {
    let page = page_of(session, catalog, ids, &choice, context).await?;
    Ok(page.answer(session))
}

/// The page again, with why the order was refused.
pub(super) async fn again(
    session: &PageSession,
    catalog: &Catalog,
    ids: &Legs,
    choice: Choice,
    context: &CallContext,
) -> Result<HttpResponse, Problem> {
    let page = page_of(session, catalog, ids, &choice, context).await?;
    Ok(page.answer_with(StatusCode::CONFLICT, session))
}

async fn page_of(
    session: &PageSession,
    catalog: &Catalog,
    ids: &Legs,
    choice: &Choice,
    context: &CallContext,
) -> Result<HtmlPage, Problem> {
    let path = catalog.itinerary(ids, context).await?;
    let each = Money::new(path.total_price, path.currency)
        .map_err(|error| Problem::internal(error.to_string()))?;
    let legs = path.flights.into_iter().map(async |flight| {
        let map = catalog.seat_map(flight.id, context).await?;
        Ok::<_, Problem>(Leg { flight, map })
    });
    let legs = try_join_all(legs).await?;
    let airports = catalog.airports(context).await?;
    Ok(page(&legs, each, &airports, choice, session))
}

/// Reads flights with their seats.
pub(super) async fn legs(
    catalog: &Catalog,
    ids: &[FlightId],
    context: &CallContext,
) -> Result<Vec<Leg>, Problem> {
    let legs = ids.iter().map(async |id| {
        let name = id.to_string();
        let (flight, map) = futures_util::try_join!(
            catalog.flight(&name, context),
            catalog.seat_map(*id, context)
        )?;
        Ok::<_, Problem>(Leg { flight, map })
    });
    try_join_all(legs).await
}

/// `each` is the price of one seat on all flights.
fn page(
    legs: &[Leg],
    each: Money,
    airports: &Airports,
    choice: &Choice,
    session: &PageSession,
) -> HtmlPage {
    let title = itinerary_view::title(legs.iter().map(|leg| &leg.flight), airports);
    let ids: Vec<String> = legs.iter().map(|leg| leg.flight.id.to_string()).collect();
    let has_maps = legs.iter().any(|leg| !leg.map.seats.is_empty());
    let seats = choice.seats.map_or(1, Units::get);
    let body = html! {
        h1 { (title) }
        (notice(choice.notice.as_deref()))
        form.choose method="post" action="/orders" data-choose {
            (forms::token(session))
            input type="hidden" name="key" value=(Uuid::new_v4());
            input type="hidden" name="flights" value=(ids.join(","));
            input type="hidden" name="price" value=(each.amount());
            div.columns {
                div {
                    @for (before, leg) in itinerary_view::with_before(legs) {
                        (itinerary_view::wait(before.map(|leg| &leg.flight), &leg.flight, airports))
                        section.card.leg {
                            (itinerary_view::leg(&leg.flight, airports))
                            (seats_of(leg, choice))
                        }
                    }
                    (travelers::form(seats, &choice.travelers))
                }
                aside {
                    section.card.summary {
                        h2 { "Your choice" }
                        (taken())
                        @if !has_maps {
                            div.field {
                                label for="seats" { "Seats" }
                                input #seats type="number" name="seats" min="1" max=(SEATS_MAX) required value=(seats) data-seats;
                            }
                        } @else {
                            input type="hidden" name="seats" value=(seats);
                            p.chosen data-chosen aria-live="polite" {
                                @if seats > 1 { "Choose " (seats) " seats on the map." } @else { "Choose seats on the map." }
                            }
                        }
                        dl.sums {
                            div { dt { @if legs.len() > 1 { "One seat on each flight" } @else { "One seat" } } dd { (formatting::of(each)) } }
                            div.total data-total=(each.minor()) data-unit=(formatting::unit(each.currency())) data-decimals=(each.currency().decimals()) hidden[has_maps] {
                                dt { "Total" }
                                dd { (formatting::minor(each.minor().saturating_mul(i64::from(seats)), each.currency())) }
                            }
                        }
                        button.primary.wide { "Hold these seats" }
                        p.hint { "They are yours alone while you pay. Nothing is charged yet." }
                        @if has_maps { (seat_map::legend(false)) }
                    }
                }
            }
        }
    };
    HtmlPage::new(title, Place::Search, body)
}

/// Filled by scripts when somebody else takes a selected seat.
pub(super) fn taken() -> Markup {
    html! { p.notice.bad data-taken hidden {} }
}

/// An alert with the error.
pub(super) fn notice(text: Option<&str>) -> Markup {
    html! {
        @if let Some(text) = text {
            div.notice.bad role="alert" { p { (crate::pages::error_page::sentence(text)) } }
        }
    }
}

fn seats_of(leg: &Leg, choice: &Choice) -> Markup {
    let id = leg.flight.id;
    let mine = choice.mine.get(&id).cloned().unwrap_or_default();
    html! {
        @if leg.map.seats.is_empty() {
            p.quiet {
                (formatting::counted(leg.flight.available_seats.max(0).unsigned_abs().into(), "seat", "seats"))
                " left. Seats on this flight are given out at check-in."
            }
        } @else {
            input type="hidden" name="mapped" value=(id);
            (seat_map::map(id, &leg.map.seats, leg.map.version, &mine))
        }
    }
}
