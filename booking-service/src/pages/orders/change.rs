//! Changing the seats of an unpaid order.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use domain::{FlightId, HoldId};
use maud::html;
use service_http::Problem;
use service_http::extract::Id;

use crate::app::AppError;
use crate::app::bookings::orders::status;
use crate::app::catalog::Catalog;
use crate::http::Services;
use crate::http::call_context;
use crate::model::booking::Booking;
use crate::model::invalid_field::InvalidField;
use crate::pages::answers::go_to;
use crate::pages::forms::{self, Form};
use crate::pages::itinerary_view;
use crate::pages::layout::{HtmlPage, Place};
use crate::pages::orders::make::{chosen, why_not};
use crate::pages::orders::order::moved_on;
use crate::pages::orders::shown::find;
use crate::pages::paths;
use crate::pages::seat_map::{self, OwnSeats};
use crate::pages::seat_selection::{self, Leg};
use crate::pages::session::PageSession;

/// The seat maps, with the order's own seats selected.
pub(in crate::pages) async fn show(
    session: PageSession,
    services: Data<Services>,
    id: Id<HoldId>,
) -> Result<HttpResponse, Problem> {
    let order = find(id.0, &services.orders, &session).await?;
    if status(&order) != "SEATS_RESERVED" {
        return Ok(go_to(&paths::order(id.0)));
    }
    page(&order, &services.catalog, &session, None).await
}

async fn page(
    order: &Booking,
    catalog: &Catalog,
    session: &PageSession,
    notice: Option<&str>,
) -> Result<HttpResponse, Problem> {
    let context = call_context();
    let ids: Vec<FlightId> = order.legs.iter().map(|leg| leg.flight).collect();
    let legs = seat_selection::legs(catalog, &ids, &context).await?;
    let airports = catalog.airports(&context).await?;
    let mine: HashMap<FlightId, OwnSeats> = order
        .legs
        .iter()
        .map(|leg| {
            let mine = OwnSeats {
                order: Some(order.hold.to_string()),
                ticked: leg.seats.iter().copied().collect(),
            };
            (leg.flight, mine)
        })
        .collect();
    let title = itinerary_view::title(legs.iter().map(|leg| &leg.flight), &airports);
    let of = |leg: &Leg| mine.get(&leg.flight.id).cloned().unwrap_or_default();
    let body = html! {
        h1 { "Other seats" }
        (seat_selection::notice(notice))
        form.choose method="post" action=(format!("{}/seats", paths::order(order.hold))) data-choose {
            (forms::token(session))
            div.columns {
                div {
                    @for (before, leg) in itinerary_view::with_before(&legs) {
                        (itinerary_view::wait(before.map(|leg| &leg.flight), &leg.flight, &airports))
                        section.card.leg {
                            (itinerary_view::leg(&leg.flight, &airports))
                            input type="hidden" name="mapped" value=(leg.flight.id);
                            (seat_map::map(leg.flight.id, &leg.map.seats, leg.map.version, &of(leg)))
                        }
                    }
                }
                aside {
                    section.card.summary {
                        h2 { "Your choice" }
                        (seat_selection::taken())
                        p.chosen data-chosen aria-live="polite" { "Your seats are ticked. Choose others." }
                        button.primary.wide { "Take these seats" }
                        p.hint { "If one of them is taken, you keep the seats that you have. The time to pay starts again, up to an hour in all." }
                        a.button.quiet.wide href=(paths::order(order.hold)) { "Keep my seats" }
                        (seat_map::legend(true))
                    }
                }
            }
        }
    };
    let status = match notice {
        Some(_) => StatusCode::CONFLICT,
        None => StatusCode::OK,
    };
    Ok(
        HtmlPage::new(format!("Other seats, {title}"), Place::Bookings, body)
            .answer_with(status, session),
    )
}

pub(in crate::pages) async fn change(
    session: PageSession,
    services: Data<Services>,
    id: Id<HoldId>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let order = find(id.0, &services.orders, &session).await?;
    let flights = order.legs.iter().map(|leg| leg.flight).collect();
    let notice = match chosen(&form, flights) {
        Err(notice) => notice,
        Ok(chosen) => match services
            .orders
            .change_seats(id.0, chosen.by_flight(), session.actor, call_context())
            .await
        {
            Ok(_) => return Ok(go_to(&paths::order(id.0))),
            Err(AppError::Refused(refusal)) => why_not(&refusal.code, &refusal.message),
            Err(AppError::Invalid(InvalidField { detail: notice, .. })) => notice,
            Err(error) => {
                return moved_on(error, id.0, &services.orders, &services.catalog, &session).await;
            }
        },
    };
    page(&order, &services.catalog, &session, Some(&notice)).await
}
