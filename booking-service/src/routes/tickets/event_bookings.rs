//! Event bookings: create, list, look up, cancel.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use domain::{Amount, Currency, HoldId, RefusalCode, Units};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use service_core::caller::Caller;
use service_http::extract::{Id, IdempotencyKey, Json, Query};
use service_http::{Problem, respond};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::accounts::authentication::Guess;
use crate::app::accounts::ownership::{Owned as _, check_user};
use crate::app::tickets::event_bookings::EventBookingRequest;
use crate::http::Services;
use crate::http::call_context;
use crate::model::actor::Actor;
use crate::model::event_booking::EventBooking;
use crate::model::voucher::VoucherCode;
use crate::routes::bare_list::ListPart;
use crate::routes::created::created;
use crate::routes::refusals::{
    EventBookingRefusals, EventCancelRefusals, ListRefusals, LookupRefusals,
};

/// A new event booking.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct TicketRequest {
    /// The user who books
    user_id: Uuid,
    /// The event's id
    event_id: Uuid,
    /// Number of tickets
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000, example = 2)]
    quantity: Units,
    /// A voucher code; case does not matter
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 40, example = "SPRING25")]
    voucher: Option<VoucherCode>,
}

/// An event booking.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventBookingView {
    /// The booking's id
    #[schema(value_type = Uuid)]
    id: HoldId,
    /// The user who booked
    #[schema(value_type = Uuid)]
    user_id: String,
    /// The event's id
    event_id: Uuid,
    /// Number of tickets
    #[schema(value_type = i64, example = 2)]
    quantity: Units,
    /// `PENDING`, `CONFIRMED` or `CANCELLED`
    #[schema(example = "PENDING")]
    status: &'static str,
    /// The amount to pay, at the price when it was booked
    #[schema(value_type = f64, example = 151.0)]
    total_amount: Amount,
    /// The total's currency, ISO 4217
    #[schema(value_type = String, example = "USD")]
    currency: Currency,
    /// The voucher's code
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "SPRING25")]
    voucher: Option<String>,
    /// The voucher's discount
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, example = 15.1)]
    discount: Option<Amount>,
    /// Payment deadline; then the tickets are released
    payment_deadline: Timestamp,
    /// Payment attempts begun so far
    #[schema(example = 1)]
    payment_attempts: i16,
    /// Why it is not paid yet, or was cancelled
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The reason as a stable code
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    code: Option<RefusalCode>,
    /// Creation time
    created_at: Timestamp,
    /// Time of the last change
    updated_at: Timestamp,
}

impl From<EventBooking> for EventBookingView {
    fn from(booking: EventBooking) -> Self {
        let (code, reason) = booking
            .reason
            .map(|reason| (reason.code, reason.message))
            .unzip();
        let discount = booking
            .voucher
            .is_some()
            .then_some(booking.discount.amount());
        Self {
            id: booking.id,
            user_id: booking.user,
            event_id: booking.event,
            quantity: booking.quantity,
            status: booking.status.as_str(),
            total_amount: booking.total.amount(),
            currency: booking.total.currency(),
            voucher: booking.voucher,
            discount,
            payment_deadline: booking.deadline_at,
            payment_attempts: booking.attempts,
            reason,
            code,
            created_at: booking.created_at,
            updated_at: booking.updated_at,
        }
    }
}

/// The outcome of a cancellation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventCancelAnswer {
    /// A message for people
    #[schema(example = "booking cancelled")]
    message: &'static str,
}

/// Book tickets.
///
/// They are held at once and paid through a queue: look up the booking to see it confirmed.
#[utoipa::path(
    post, path = "/api/v1/bookings", tag = "event bookings", operation_id = "create_event_booking",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request idempotent")),
    request_body = TicketRequest,
    responses(
        (status = 201, description = "The booking, `PENDING`; a free one is `CONFIRMED` at once", body = EventBookingView),
        EventBookingRefusals
    )
)]
pub(crate) async fn create(
    services: Data<Services>,
    caller: ReqData<Caller>,
    actor: Actor,
    key: IdempotencyKey,
    request: Json<TicketRequest>,
) -> Result<HttpResponse, Problem> {
    let key = key.of(&request.body)?;
    let TicketRequest {
        user_id,
        event_id,
        quantity,
        voucher,
    } = request.body;
    caller.check_names_self("user_id", &user_id.to_string())?;
    let names_voucher = voucher.is_some();
    let booking = services.event_bookings.create(EventBookingRequest {
        actor,
        user: user_id,
        event: event_id,
        quantity,
        voucher,
        key,
    });
    let booking = if names_voucher {
        services
            .accounts
            .throttle_enumeration(Guess::Voucher, &caller, booking)
            .await?
    } else {
        booking.await?
    };
    let location = format!("/api/v1/bookings/{}", booking.value.id);
    let view = EventBookingView::from(booking.value);
    Ok(created(&view, &location, booking.replayed))
}

/// Look up an event booking.
#[utoipa::path(
    get, path = "/api/v1/bookings/{id}", tag = "event bookings", operation_id = "show_event_booking",
    params(("id" = Uuid, Path, description = "The booking's id")),
    responses((status = 200, description = "The booking", body = EventBookingView), LookupRefusals)
)]
pub(crate) async fn show(
    services: Data<Services>,
    id: Id<HoldId>,
    caller: ReqData<Caller>,
) -> Result<HttpResponse, Problem> {
    let booking = services
        .event_bookings
        .find(id.0)
        .await?
        .for_caller(&caller)?;
    Ok(respond::ok(&EventBookingView::from(booking)))
}

/// A user's event bookings, newest first.
#[utoipa::path(
    get, path = "/api/v1/bookings/user/{id}", tag = "event bookings",
    operation_id = "list_event_bookings",
    params(("id" = Uuid, Path, description = "The user's id"), ListPart),
    responses(
        (status = 200, description = "Up to a hundred rows; the `Link` header has the next page", body = Vec<EventBookingView>),
        (status = 404, description = "This is not a user's id"),
        ListRefusals
    )
)]
pub(crate) async fn list(
    services: Data<Services>,
    user: Id<Uuid>,
    caller: ReqData<Caller>,
    part: Query<ListPart>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    check_user(user.0, &caller)?;
    let found = services
        .event_bookings
        .of_user(user.0, part.0.after, part.0.look_for()?);
    let views: Vec<EventBookingView> = found
        .await?
        .into_iter()
        .map(EventBookingView::from)
        .collect();
    Ok(part.0.answer(&request, views, |booking| booking.id.0))
}

/// Cancel an event booking, paid or not.
///
/// Its tickets are released when this answers, and any charge is refunded.
#[utoipa::path(
    put, path = "/api/v1/bookings/{id}/cancel", tag = "event bookings",
    operation_id = "cancel_event_booking",
    params(("id" = Uuid, Path, description = "The booking's id")),
    responses((status = 200, description = "Cancelled", body = EventCancelAnswer), EventCancelRefusals)
)]
pub(crate) async fn cancel(
    services: Data<Services>,
    id: Id<HoldId>,
    caller: ReqData<Caller>,
    actor: Actor,
) -> Result<HttpResponse, Problem> {
    services
        .event_bookings
        .find(id.0)
        .await?
        .for_caller(&caller)?;
    services
        .event_bookings
        .cancel(id.0, actor, call_context())
        .await?;
    Ok(respond::ok(&EventCancelAnswer {
        message: "booking cancelled",
    }))
}
