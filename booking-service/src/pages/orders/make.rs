//! Making an order from the selected seats.

use domain::sale_rules::holding::SEATS_MAX;
use domain::{Amount, FlightId, RefusalCode, SeatNumber, Units};
use std::collections::HashSet;

use actix_web::HttpResponse;
use actix_web::web::Data;
use lifecycle::State;
use service_http::Problem;

use crate::app::AppError;
use crate::app::bookings::orders::SeatChoice;
use crate::http::Services;
use crate::http::call_context;
use crate::model::booking::{Channel, Leg, NewBooking};
use crate::model::invalid_field::InvalidField;
use crate::pages::answers::go_to;
use crate::pages::forms::Form;
use crate::pages::paths;
use crate::pages::seat_map::OwnSeats;
use crate::pages::seat_selection::{self, Choice};
use crate::pages::session::PageSession;
use crate::pages::travelers::{self, Typed};

/// If the form names no other.
const PAYMENT_TYPE: &str = "credit_card";

/// The parsed selection.
pub(super) struct Chosen {
    pub(super) flights: Vec<FlightId>,
    /// By flight; empty for flights without seat numbers.
    pub(super) seats: Vec<Vec<SeatNumber>>,
    /// Seats on each flight.
    pub(super) units: Units,
}

/// Parses the selection; `Err` is a message for the page.
pub(super) fn chosen(form: &Form, flights: Vec<FlightId>) -> Result<Chosen, String> {
    let mapped: HashSet<FlightId> = form
        .all("mapped")
        .filter_map(|id| id.parse().ok())
        .collect();
    let mut seats = Vec::with_capacity(flights.len());
    for flight in &flights {
        seats.push(ticked(form, *flight)?);
    }
    let with_map = flights
        .iter()
        .zip(&seats)
        .filter(|(flight, _)| mapped.contains(flight));
    let mut counts = with_map.map(|(_, seats)| seats.len());
    let units = match counts.next() {
        Some(0) => return Err("choose a seat on the map first".to_owned()),
        Some(count) if counts.all(|other| other == count) => Units::of_len(count),
        Some(_) => return Err("choose as many seats on each flight".to_owned()),
        None => form
            .text("seats")
            .parse::<i64>()
            .ok()
            .and_then(|count| count.try_into().ok()),
    };
    let units = units.filter(|units| units.get() <= SEATS_MAX);
    let units = units.ok_or_else(|| format!("choose 1 to {SEATS_MAX} seats"))?;
    Ok(Chosen {
        flights,
        seats,
        units,
    })
}

/// Selected seats of a flight, without duplicates.
fn ticked(form: &Form, flight: FlightId) -> Result<Vec<SeatNumber>, String> {
    let mut known = HashSet::new();
    let mut seats = Vec::new();
    for text in form.all(&format!("seat-{flight}")) {
        let seat: SeatNumber = text
            .parse()
            .map_err(|_| format!("there is no seat {text}"))?;
        if known.insert(seat) {
            seats.push(seat);
        }
    }
    Ok(seats)
}

impl Chosen {
    /// For showing the page again.
    fn choice(&self, travelers: Vec<Typed>, notice: String) -> Choice {
        let mine = self.flights.iter().zip(&self.seats).map(|(flight, seats)| {
            let ticked = seats.iter().copied().collect();
            (
                *flight,
                OwnSeats {
                    order: None,
                    ticked,
                },
            )
        });
        Choice {
            seats: Some(self.units),
            mine: mine.collect(),
            travelers,
            notice: Some(notice),
        }
    }

    pub(super) fn by_flight(self) -> SeatChoice {
        SeatChoice::ByFlight(self.flights.into_iter().zip(self.seats).collect())
    }

    fn legs(&self) -> Vec<Leg> {
        let pairs = self.flights.iter().zip(&self.seats);
        let legs = pairs.map(|(flight, seats)| Leg {
            flight: *flight,
            units: self.units,
            seats: seats.clone(),
        });
        legs.collect()
    }
}

/// Makes the order. The seats are held when this answers; otherwise the page is shown again with the reason.
pub(in crate::pages) async fn create(
    session: PageSession,
    services: Data<Services>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let context = call_context();
    let ids = seat_selection::flight_ids(form.text("flights"))?;
    let typed = travelers::typed(&form);
    let chosen = match chosen(&form, ids.to_vec()) {
        Ok(chosen) => chosen,
        Err(notice) => {
            let choice = Choice {
                notice: Some(notice),
                travelers: typed,
                ..Choice::default()
            };
            return seat_selection::again(&session, &services.catalog, &ids, choice, &context)
                .await;
        }
    };
    let travelers = match travelers::named(&typed, chosen.units) {
        Ok(travelers) => travelers,
        Err(notice) => {
            let choice = chosen.choice(typed, notice);
            return seat_selection::again(&session, &services.catalog, &ids, choice, &context)
                .await;
        }
    };
    let first = ids.first().map(ToString::to_string).unwrap_or_default();
    let each: Option<Amount> = form.text("price").parse().ok();
    let key = form.request_key("POST /orders", &session.user);
    let new = NewBooking {
        channel: Channel::Seats,
        actor: session.actor,
        user: session.user.clone(),
        flight_ref: first,
        legs: chosen.legs(),
        date: None,
        payment_type: PAYMENT_TYPE.to_owned(),
        expected_total: each.and_then(|each| each.checked_mul(chosen.units)),
        travelers,
        key,
    };
    let order = match services.orders.create(new, context.clone()).await {
        Ok(answered) => answered.value,
        Err(AppError::TooManyUnpaid(too_many)) => {
            let choice = chosen.choice(typed, too_many.to_string());
            return seat_selection::again(&session, &services.catalog, &ids, choice, &context)
                .await;
        }
        Err(AppError::Invalid(InvalidField { detail: notice, .. })) => {
            let choice = chosen.choice(typed, notice);
            return seat_selection::again(&session, &services.catalog, &ids, choice, &context)
                .await;
        }
        // The form was sent twice and the first request is still running; its booking will be in this list.
        Err(AppError::InProgress) => return Ok(go_to("/my-bookings")),
        Err(error) => return Err(error.into()),
    };
    let is_refused = matches!(order.lifecycle.public_status, State::Ended(_));
    match order.refusal.clone().filter(|_| is_refused) {
        Some(refusal) => {
            let choice = chosen.choice(typed, why_not(&refusal.code, &refusal.message));
            seat_selection::again(&session, &services.catalog, &ids, choice, &context).await
        }
        None => Ok(go_to(&paths::order(order.hold))),
    }
}

/// A refusal with advice.
pub(super) fn why_not(code: &RefusalCode, message: &str) -> String {
    match code {
        RefusalCode::SeatTaken => {
            "Somebody was faster: a seat that you chose has just been taken. Choose another one."
                .to_owned()
        }
        RefusalCode::SoldOut => {
            "There are not so many seats left. Choose fewer, or another flight.".to_owned()
        }
        RefusalCode::PriceChanged => {
            "The price has changed since the page was made. SeatView at it again.".to_owned()
        }
        RefusalCode::SalesClosed => "This flight is not sold any more.".to_owned(),
        _ => message.to_owned(),
    }
}
