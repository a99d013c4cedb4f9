//! Bookings by count: a user books seats on a flight and pays at once.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use clients::flight::{Flight, Page, PageMeta};
use domain::{Amount, BookingId, Currency, FlightId, PaymentId, Units};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use service_kit::extract::{Id, IdempotencyKey, Json, Query};
use service_kit::page::PageParameters;
use service_kit::{Problem, respond};
use utoipa::{IntoParams, ToSchema};

use super::openapi::{BookRefusals, CancelRefusals, ListRefusals, LookupRefusals};
use super::travelers::{self, TravelerBody};
use super::{call_context, scoped};
use crate::app::booking::{Booking, Door, Leg, NewBooking, Traveler};
use crate::app::bookings::{Answered, Bookings, shown_text};
use crate::db::bookings::ListPart;

/// The most flights of an itinerary.
const FLIGHTS_MAX: usize = 4;

/// Long before any flight, and within what the database can store.
const EARLIEST_DATE: Date = jiff::civil::date(1, 1, 1);

/// The longest name of a payment type.
const PAYMENT_TYPE_LIMIT_CHARS: usize = 64;

/// What is booked.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct BookingRequest {
    /// Who books
    #[schema(example = 1)]
    user_id: i64,
    /// The flight; or `flight_ids`
    #[serde(default)]
    #[schema(value_type = Option<i64>, example = 1)]
    flight_id: Option<FlightId>,
    /// The flights of an itinerary, in order, booked all or nothing; instead of `flight_id`
    #[serde(default)]
    #[schema(value_type = Vec<i64>, max_items = 4)]
    flight_ids: Vec<FlightId>,
    /// How many seats on each flight
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000, example = 2)]
    seats: Units,
    /// The local date on which the first flight departs
    #[schema(example = "2024-02-15")]
    date: Date,
    /// How it is paid: `credit_card`, `debit_card`, `upi` or `net_banking`
    #[serde(default = "credit_card")]
    #[schema(example = "credit_card", max_length = 64)]
    payment_type: String,
    /// The total that the customer was shown: if it is another by now, nothing is booked
    #[serde(default)]
    #[schema(value_type = Option<f64>, example = 17000.0)]
    expected_total: Option<Amount>,
    /// Who travels: none, or as many as there are seats
    #[serde(default)]
    travelers: Vec<TravelerBody>,
}

fn credit_card() -> String {
    "credit_card".to_owned()
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BookingAnswer {
    /// The booking's id
    #[schema(value_type = i64, example = 1)]
    booking_id: BookingId,
    /// `confirmed` or `failed`
    #[schema(example = "confirmed")]
    status: &'static str,
    /// The total, zero if no seats could be held
    #[schema(value_type = f64, example = 17000.0)]
    total_amount: Amount,
    /// The total's currency, ISO 4217
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "INR")]
    currency: Option<Currency>,
    /// The charge
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<uuid::Uuid>)]
    payment_id: Option<PaymentId>,
    /// What happened, in words
    message: String,
    /// Why the booking failed, as a stable code
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "sold_out")]
    code: Option<String>,
}

/// A booking.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BookingView {
    /// The booking's id
    #[schema(value_type = i64, example = 1)]
    id: BookingId,
    /// Who booked
    #[schema(example = 1)]
    user_id: i64,
    /// The flight, the first of an itinerary
    #[schema(value_type = Option<i64>, example = 1)]
    flight_id: Option<FlightId>,
    /// The flights, in order
    #[schema(value_type = Vec<i64>)]
    flight_ids: Vec<FlightId>,
    /// How many seats on each flight
    #[schema(value_type = i64, example = 2)]
    seats: Units,
    /// The total, zero if no seats could be held
    #[schema(value_type = f64, example = 17000.0)]
    total_amount: Amount,
    /// The total's currency, ISO 4217
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "INR")]
    currency: Option<Currency>,
    /// `pending`, `confirmed`, `failed` or `cancelled`
    #[schema(example = "confirmed")]
    status: &'static str,
    /// The charge
    #[schema(value_type = Option<uuid::Uuid>)]
    payment_id: Option<PaymentId>,
    /// The local date on which the first flight departs
    date: Option<Date>,
    /// When it was made
    created_at: Timestamp,
    /// Why it failed or was cancelled, as a stable code
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// The same in words
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// The flight, unless flight-service does not answer; not in lists
    #[serde(skip_serializing_if = "Option::is_none")]
    flight: Option<Flight>,
    /// Who travels; not in lists
    #[serde(skip_serializing_if = "Vec::is_empty")]
    travelers: Vec<TravelerBody>,
}

/// A booking that was cancelled.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CancelAnswer {
    /// What happened, in words
    message: String,
    /// The booking's id
    #[schema(value_type = i64, example = 1)]
    booking_id: BookingId,
    /// When
    cancelled_at: Timestamp,
}

/// Book seats and pay for them.
///
/// There is one payment attempt. After a 503, ask again with the same Idempotency-Key.
#[utoipa::path(
    post, path = "/api/bookings", tag = "bookings", operation_id = "create_booking",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the booking come about once")),
    request_body = BookingRequest,
    responses(
        (status = 200, description = "Booked and paid", body = BookingAnswer),
        (
            status = 400,
            description = "`status` is `failed`: sold out, unknown flight, wrong date or not paid, as `code` says; or a problem: the request is malformed",
            content(
                (BookingAnswer = "application/json"),
                (service_kit::problem::ProblemBody<'static> = "application/problem+json")
            )
        ),
        BookRefusals,
    )
)]
pub(super) async fn create(
    bookings: Data<Bookings>,
    key: IdempotencyKey,
    request: Json<BookingRequest>,
) -> Result<HttpResponse, Problem> {
    let new = parse(request, key)?;
    let Answered { booking, replayed } = bookings.book(new, call_context()).await?;
    let refusal = booking.refusal.as_ref();
    if let Some(refusal) = refusal.filter(|refusal| refusal.code == "price_changed") {
        return Err(Problem::conflict("price_changed", refusal.message.clone()));
    }
    let shown = shown_text(&booking);
    let status = match shown {
        "confirmed" => StatusCode::OK,
        _ => StatusCode::BAD_REQUEST,
    };
    let message = refusal.map_or_else(
        || format!("booking {shown}"),
        |refusal| refusal.message.clone(),
    );
    let body = BookingAnswer {
        booking_id: booking.id,
        status: shown,
        total_amount: booking.amount(),
        currency: booking.currency(),
        payment_id: booking.payment,
        message,
        code: refusal.map(|refusal| refusal.code.clone()),
    };
    Ok(respond::mark_replayed(
        respond::json(status, &body),
        replayed,
    ))
}

/// What is asked for, or which field is wrong.
fn parse(request: Json<BookingRequest>, key: IdempotencyKey) -> Result<NewBooking, Problem> {
    let Json { body, digest } = request;
    let flights = match (body.flight_id, body.flight_ids) {
        (Some(flight), flights) if flights.is_empty() => vec![flight],
        (None, flights) if !flights.is_empty() => flights,
        (None, _) => return Err(Problem::invalid_field("flight_id", "is missing")),
        (Some(_), _) => {
            let detail = "name flight_id or flight_ids, not both";
            return Err(Problem::invalid_field("flight_ids", detail));
        }
    };
    if flights.len() > FLIGHTS_MAX {
        let detail = format!("an itinerary has at most {FLIGHTS_MAX} flights");
        return Err(Problem::invalid_field("flight_ids", detail));
    }
    let repeated = flights
        .iter()
        .enumerate()
        .any(|(at, id)| flights.iter().take(at).any(|f| f == id));
    if repeated {
        return Err(Problem::invalid_field("flight_ids", "names a flight twice"));
    }
    if !(1..=PAYMENT_TYPE_LIMIT_CHARS).contains(&body.payment_type.chars().count()) {
        let detail = format!("must have 1 to {PAYMENT_TYPE_LIMIT_CHARS} characters");
        return Err(Problem::invalid_field("payment_type", detail));
    }
    // payment-service would not take them, and the booking could not be paid or refused.
    if body.payment_type.chars().any(char::is_control) {
        let detail = "must not have control characters";
        return Err(Problem::invalid_field("payment_type", detail));
    }
    if body.date < EARLIEST_DATE {
        let detail = format!("must not be before {EARLIEST_DATE}");
        return Err(Problem::invalid_field("date", detail));
    }
    let legs = flights.iter().map(|flight| Leg {
        flight: *flight,
        units: body.seats,
        seats: Vec::new(),
    });
    Ok(NewBooking {
        door: Door::Count,
        user: body.user_id.to_string(),
        flight_ref: flights.first().map(ToString::to_string).unwrap_or_default(),
        legs: legs.collect(),
        date: Some(body.date),
        payment_type: body.payment_type,
        expected_total: body.expected_total,
        travelers: travelers::parse(body.travelers, body.seats)?,
        idempotency_key: scoped("POST /api/bookings", key),
        digest,
    })
}

/// Whose bookings are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListParameters {
    /// Who booked
    #[param(example = 1)]
    user_id: i64,
}

/// A user's bookings, newest first.
#[utoipa::path(
    get, path = "/api/bookings", tag = "bookings", operation_id = "list_bookings",
    params(ListParameters, PageParameters),
    responses((status = 200, description = "A page of them", body = Page<BookingView>), ListRefusals)
)]
pub(super) async fn list(
    bookings: Data<Bookings>,
    whose: Query<ListParameters>,
    page: Query<PageParameters>,
) -> Result<HttpResponse, Problem> {
    let PageParameters {
        limit,
        after,
        before,
    } = page.0.checked()?;
    let place = |name: &str, text: String| {
        let id = text.parse::<BookingId>();
        id.map_err(|_| Problem::invalid_field(name, "is not a place of this list"))
    };
    let part = match (after, before) {
        (Some(after), _) => ListPart::After(place("after", after)?),
        (None, Some(before)) => ListPart::Before(place("before", before)?),
        (None, None) => ListPart::First,
    };
    let user = whose.0.user_id.to_string();
    // One more than is shown tells whether there is another page.
    let mut found = bookings.of_user(&user, part, limit + 1).await?;
    let is_cut = i64::try_from(found.len()).unwrap_or(i64::MAX) > limit;
    let is_before = matches!(part, ListPart::Before(_));
    if is_cut {
        let surplus = if is_before { 0 } else { found.len() - 1 };
        found.remove(surplus);
    }
    let has_older = if is_before { true } else { is_cut };
    let has_newer = if is_before {
        is_cut
    } else {
        part != ListPart::First
    };
    let place_of = |booking: Option<&Booking>| booking.map(|booking| booking.id.to_string());
    let meta = PageMeta {
        after: place_of(found.last()).filter(|_| has_older),
        before: place_of(found.first()).filter(|_| has_newer),
        limit,
    };
    let data: Result<Vec<_>, _> = found
        .iter()
        .map(|booking| view(booking, None, Vec::new()))
        .collect();
    Ok(respond::ok(&Page { data: data?, meta }))
}

/// Look a booking up.
#[utoipa::path(
    get, path = "/api/bookings/{id}", tag = "bookings", operation_id = "show_booking",
    params(("id" = i64, Path, description = "The booking's id", example = 1)),
    responses((status = 200, description = "The booking", body = BookingView), LookupRefusals)
)]
pub(super) async fn show(
    bookings: Data<Bookings>,
    id: Id<BookingId>,
) -> Result<HttpResponse, Problem> {
    let booking = bookings.find_count(id.0).await?;
    let flight = bookings.flight(&booking, &call_context()).await;
    let travelers = bookings.travelers(&booking).await?;
    Ok(respond::ok(&view(&booking, flight, travelers)?))
}

fn view(
    booking: &Booking,
    flight: Option<Flight>,
    travelers: Vec<Traveler>,
) -> Result<BookingView, Problem> {
    // In this style users are integers, so a stored one is.
    let user_id = booking.user.parse().map_err(Problem::internal)?;
    let status = shown_text(booking);
    let refusal = booking.refusal.clone();
    let refusal = refusal.filter(|_| matches!(status, "failed" | "cancelled"));
    let (code, message) = refusal.map(|one| (one.code, one.message)).unzip();
    let first = booking.legs.first();
    let first = first.ok_or_else(|| Problem::internal("a booking has no flight"))?;
    Ok(BookingView {
        id: booking.id,
        user_id,
        flight_id: Some(first.flight),
        flight_ids: booking.legs.iter().map(|leg| leg.flight).collect(),
        seats: first.units,
        total_amount: booking.amount(),
        currency: booking.currency(),
        status,
        payment_id: booking.payment,
        date: booking.date,
        created_at: booking.created_at,
        code,
        message,
        flight,
        travelers: travelers.into_iter().map(TravelerBody::from).collect(),
    })
}

/// Cancel a confirmed booking: its seats are free and its charge is refunded.
#[utoipa::path(
    put, path = "/api/bookings/{id}/cancel", tag = "bookings", operation_id = "cancel_booking",
    params(("id" = i64, Path, description = "The booking's id", example = 1)),
    responses((status = 200, description = "It is cancelled", body = CancelAnswer), CancelRefusals)
)]
pub(super) async fn cancel(
    bookings: Data<Bookings>,
    id: Id<BookingId>,
) -> Result<HttpResponse, Problem> {
    let booking = bookings.find_count(id.0).await?;
    let booking = bookings.cancel(booking, call_context()).await?;
    Ok(respond::ok(&CancelAnswer {
        message: "booking cancelled".to_owned(),
        booking_id: booking.id,
        cancelled_at: booking.updated_at,
    }))
}
