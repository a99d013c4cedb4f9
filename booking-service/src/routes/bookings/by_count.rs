//! Bookings by count: seats on a flight or an itinerary, paid at once.

mod parse;
mod view;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, ReqData};
use domain::{BookingId, RefusalCode};
use serde::Deserialize;
use service_core::caller::Caller;
use service_core::idempotency::Replayable;
use service_http::extract::{Id, IdempotencyKey, Json, Query};
use service_http::page::{PageBody, PageParameters};
use service_http::{Problem, respond};
use utoipa::IntoParams;

use crate::app::AppError;
use crate::app::accounts::ownership::Owned as _;
use crate::app::bookings::by_count::shown_text;
use crate::http::Services;
use crate::http::call_context;
use crate::model::actor::Actor;
use crate::routes::bookings::by_count::parse::{BookingRequest, new_booking};
use crate::routes::bookings::by_count::view::{BookingAnswer, BookingView, CancelAnswer, view};
use crate::routes::refusals::{BookRefusals, CancelRefusals, ListRefusals, LookupRefusals};

/// Book seats and pay for them.
///
/// There is one payment attempt. After a 503, repeat the request with the same Idempotency-Key.
#[utoipa::path(
    post, path = "/api/bookings", tag = "bookings", operation_id = "create_booking",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request idempotent")),
    request_body = BookingRequest,
    responses(
        (status = 200, description = "Booked and paid", body = BookingAnswer),
        (
            status = 400,
            description = "`status` is `failed`: sold out, unknown flight, wrong date or payment declined, as `code` says; or a problem: the request is malformed",
            content(
                (BookingAnswer = "application/json"),
                (service_http::problem::ProblemBody<'static> = "application/problem+json")
            )
        ),
        BookRefusals,
    )
)]
pub(crate) async fn create(
    services: Data<Services>,
    key: IdempotencyKey,
    caller: ReqData<Caller>,
    actor: Actor,
    request: Json<BookingRequest>,
) -> Result<HttpResponse, Problem> {
    let new = new_booking(request, &key, &caller, actor)?;
    let Replayable {
        value: booking,
        replayed,
    } = services.bookings.book(new, call_context()).await?;
    let refusal = booking.refusal.as_ref();
    if let Some(refusal) = refusal.filter(|refusal| refusal.code == RefusalCode::PriceChanged) {
        return Err(Problem::conflict(
            RefusalCode::PriceChanged,
            refusal.message.clone(),
        ));
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
    let path = format!("/api/bookings/{}", booking.id);
    Ok(respond::mark_replayed(
        respond::located(respond::json(status, &body), &path),
        replayed,
    ))
}

/// The query of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParameters {
    /// The user who booked
    #[param(example = 1)]
    user_id: i64,
}

/// A user's bookings, newest first.
#[utoipa::path(
    get, path = "/api/bookings", tag = "bookings", operation_id = "list_bookings",
    params(ListParameters, PageParameters),
    responses((status = 200, description = "A page of them", body = PageBody<BookingView>), ListRefusals)
)]
pub(crate) async fn list(
    services: Data<Services>,
    whose: Query<ListParameters>,
    page: Query<PageParameters>,
    caller: ReqData<Caller>,
) -> Result<HttpResponse, Problem> {
    let (part, limit) = page.0.part()?;
    let user = whose.0.user_id.to_string();
    caller.check_names_self("user_id", &user)?;
    let found = services.bookings.of_user(&user, part, limit).await?;
    let page = PageBody::of(found, limit, |booking| view(&booking, None))?;
    Ok(respond::ok(&page))
}

/// Look up a booking.
#[utoipa::path(
    get, path = "/api/bookings/{id}", tag = "bookings", operation_id = "show_booking",
    params(("id" = i64, Path, description = "The booking's id", example = 1)),
    responses((status = 200, description = "The booking", body = BookingView), LookupRefusals)
)]
pub(crate) async fn show(
    services: Data<Services>,
    id: Id<BookingId>,
    caller: ReqData<Caller>,
) -> Result<HttpResponse, Problem> {
    let booking = services
        .bookings
        .find_count(id.0)
        .await?
        .for_caller(&caller)?;
    let flight = services.bookings.flight(&booking, &call_context()).await;
    Ok(respond::ok(&view(&booking, flight)?))
}

/// Cancel a confirmed booking: its seats are released and its charge is refunded.
#[utoipa::path(
    put, path = "/api/bookings/{id}/cancel", tag = "bookings", operation_id = "cancel_booking",
    params(("id" = i64, Path, description = "The booking's id", example = 1)),
    responses((status = 200, description = "Cancelled", body = CancelAnswer), CancelRefusals)
)]
pub(crate) async fn cancel(
    services: Data<Services>,
    id: Id<BookingId>,
    caller: ReqData<Caller>,
    actor: Actor,
) -> Result<HttpResponse, Problem> {
    let booking = services
        .bookings
        .find_count(id.0)
        .await?
        .for_caller(&caller)?;
    let cancelled = services
        .bookings
        .cancel(booking, actor, call_context())
        .await;
    let booking = cancelled.map_err(|error| match error {
        // This channel answers 400 whenever a booking cannot be cancelled.
        AppError::PastCutoff(_) => Problem::from(error).with_status(StatusCode::BAD_REQUEST),
        error => error.into(),
    })?;
    Ok(respond::ok(&CancelAnswer {
        message: "booking cancelled".to_owned(),
        booking_id: booking.id,
        cancelled_at: booking.updated_at,
    }))
}
