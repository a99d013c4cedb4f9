//! Other seats for an order that is not paid yet.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use domain::{FlightId, HoldId};
use maud::html;
use service_kit::Problem;
use service_kit::extract::Id;

use super::super::choose::{self, Leg};
use super::super::forms::{self, Form};
use super::super::layout::{Page, Place};
use super::super::seat_map::{self, Mine};
use super::super::visitor::Visitor;
use super::super::{go_to, trip};
use super::make::{chosen, why_not};
use crate::app::AppError;
use crate::app::booking::Booking;
use crate::app::catalog::Catalog;
use crate::app::orders::{Orders, status};
use crate::routes::call_context;

/// The maps, with the order's own seats ticked.
pub(super) async fn show(
    visitor: Visitor,
    orders: Data<Orders>,
    catalog: Data<Catalog>,
    id: Id<HoldId>,
) -> Result<HttpResponse, Problem> {
    let order = super::find(id.0, &orders, &visitor).await?;
    if status(&order) != "SEATS_RESERVED" {
        return Ok(go_to(&super::path(id.0)));
    }
    page(&order, &catalog, &visitor, None).await
}

async fn page(
    order: &Booking,
    catalog: &Catalog,
    visitor: &Visitor,
    notice: Option<&str>,
) -> Result<HttpResponse, Problem> {
    let context = call_context();
    let ids: Vec<FlightId> = order.legs.iter().map(|leg| leg.flight).collect();
    let legs = choose::legs(catalog, &ids, &context).await?;
    let airports = catalog.airports(&context).await?;
    let mine: HashMap<FlightId, Mine> = order
        .legs
        .iter()
        .map(|leg| {
            let mine = Mine {
                order: Some(order.hold.to_string()),
                ticked: leg.seats.iter().copied().collect(),
            };
            (leg.flight, mine)
        })
        .collect();
    let title = trip::title(legs.iter().map(|leg| &leg.flight), &airports);
    let of = |leg: &Leg| mine.get(&leg.flight.id).cloned().unwrap_or_default();
    let body = html! {
        h1 { "Other seats" }
        (choose::notice(notice))
        form.choose method="post" action=(format!("{}/seats", super::path(order.hold))) data-choose {
            (forms::token(visitor))
            div.columns {
                div {
                    @for (before, leg) in trip::with_before(&legs) {
                        (trip::wait(before.map(|leg| &leg.flight), &leg.flight, &airports))
                        section.card.leg {
                            (trip::leg(&leg.flight, &airports))
                            input type="hidden" name="mapped" value=(leg.flight.id);
                            (seat_map::map(leg.flight.id, &leg.map.seats, leg.map.version, &of(leg)))
                        }
                    }
                }
                aside {
                    section.card.summary {
                        h2 { "Your choice" }
                        (choose::taken())
                        p.chosen data-chosen aria-live="polite" { "Your seats are ticked. Choose others." }
                        button.primary.wide { "Take these seats" }
                        p.hint { "If one of them is taken, you keep the seats that you have. The time to pay starts again, up to an hour in all." }
                        a.button.quiet.wide href=(super::path(order.hold)) { "Keep my seats" }
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
        Page::new(format!("Other seats, {title}"), Place::Bookings, body)
            .answer_with(status, visitor),
    )
}

/// Takes them.
pub(super) async fn change(
    visitor: Visitor,
    orders: Data<Orders>,
    catalog: Data<Catalog>,
    id: Id<HoldId>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let order = super::find(id.0, &orders, &visitor).await?;
    let flights = order.legs.iter().map(|leg| leg.flight).collect();
    let notice = match chosen(&form, flights) {
        Err(notice) => notice,
        Ok(chosen) => match orders
            .change_seats(id.0, chosen.by_flight(), visitor.actor, call_context())
            .await
        {
            Ok(_) => return Ok(go_to(&super::path(id.0))),
            Err(AppError::Refused(refusal)) => why_not(&refusal.code, &refusal.message),
            Err(AppError::Invalid(_, notice)) => notice,
            Err(error) => {
                return super::moved_on(error, id.0, &orders, &catalog, &visitor).await;
            }
        },
    };
    page(&order, &catalog, &visitor, Some(&notice)).await
}
