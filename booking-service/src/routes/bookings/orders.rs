//! Orders with chosen seats.

mod parse;
mod view;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, ReqData};
use domain::{BookingId, HoldId};
use serde::Serialize;
use service_core::caller::Caller;
use service_core::idempotency::{Answer, Replayable};
use service_http::extract::{Id, IdempotencyKey, Json};
use service_http::{Problem, respond};
use utoipa::ToSchema;

use crate::app::accounts::ownership::Owned as _;
use crate::http::Services;
use crate::http::call_context;
use crate::model::actor::Actor;
use crate::routes::bookings::admin::MessageAnswer;
use crate::routes::bookings::orders::parse::{OrderRequest, PaymentRequest, SeatsRequest};
use crate::routes::bookings::orders::view::{CreatedOrder, OrderView};
use crate::routes::bookings::simple_orders::{self, SimpleOrderView};
use crate::routes::created::created;
use crate::routes::refusals::{
    LookupRefusals, OrderChangeRefusals, OrderRefusals, PaymentRefusals,
};

/// Order chosen seats. They are held until the order is paid or cancelled, or until it expires.
///
/// An order is created even if its seats cannot be held; then it has failed, with the reason. `{id}` is the
/// flight's id or its flight number, which means the next departure. `legs` instead of `seats` orders an
/// itinerary, all or nothing.
#[utoipa::path(
    post, path = "/api/flights/{id}/orders", tag = "orders", operation_id = "create_order",
    params(
        ("id" = String, Path, description = "The flight's id, or its number", example = "FL123"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request idempotent"),
    ),
    request_body = OrderRequest,
    responses(
        (status = 201, description = "The order", body = CreatedOrder),
        (status = 404, description = "There is no such flight"),
        OrderRefusals,
    )
)]
pub(crate) async fn create(
    services: Data<Services>,
    name: web::Path<String>,
    key: IdempotencyKey,
    caller: ReqData<Caller>,
    actor: Actor,
    request: Json<OrderRequest>,
) -> Result<HttpResponse, Problem> {
    let context = call_context();
    let name = name.into_inner();
    let draft = parse::draft(request, &key, &caller)?;
    let flight = services.flights.id_of(&name, &context).await?;
    let new = draft.on(flight, name, actor)?;
    let Replayable {
        value: booking,
        replayed,
    } = services.orders.create(new, context).await?;
    let location = format!("/api/orders/{}", booking.hold);
    Ok(created(&view::created(&booking), &location, replayed))
}

/// An order of either kind.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ShownOrder {
    /// An order with chosen seats.
    WithSeats(Box<OrderView>),
    /// A simple order.
    Simple(SimpleOrderView),
}

/// Look up an order of either kind. Orders with chosen seats have a UUID, simple orders a number.
#[utoipa::path(
    get, path = "/api/orders/{id}", tag = "orders", operation_id = "show_order",
    params(("id" = String, Path, description = "The order's id")),
    responses((status = 200, description = "The order", body = ShownOrder), LookupRefusals)
)]
pub(crate) async fn show(
    services: Data<Services>,
    id: web::Path<String>,
    caller: ReqData<Caller>,
) -> Result<HttpResponse, Problem> {
    if let Ok(id) = id.parse::<BookingId>() {
        let order = services.simple_orders.find(id).await?.for_caller(&caller)?;
        let shown = ShownOrder::Simple(simple_orders::view(&order)?);
        return Ok(respond::ok(&shown));
    }
    let id: HoldId = id
        .parse()
        .map_err(|_| Problem::not_found("there is no order with this id"))?;
    let order = services.orders.find(id).await?.for_caller(&caller)?;
    Ok(respond::ok(&ShownOrder::WithSeats(Box::new(view::order(
        &order,
    )))))
}

/// Change the seats of an unpaid order. Its deadline starts anew.
#[utoipa::path(
    post, path = "/api/orders/{id}/seats", tag = "orders", operation_id = "change_order_seats",
    params(("id" = uuid::Uuid, Path, description = "The order's id")),
    request_body = SeatsRequest,
    responses((status = 200, description = "The order has the new seats", body = MessageAnswer), OrderChangeRefusals)
)]
pub(crate) async fn change_seats(
    services: Data<Services>,
    id: Id<HoldId>,
    caller: ReqData<Caller>,
    actor: Actor,
    request: Json<SeatsRequest>,
) -> Result<HttpResponse, Problem> {
    services.orders.check_owner(id.0, &caller).await?;
    let seats = parse::seats(request.body)?;
    let context = call_context();
    services
        .orders
        .change_seats(id.0, seats, actor, context)
        .await?;
    Ok(message("seats updated"))
}

/// Start the payment of an order.
///
/// Attempts continue after the answer; look up the order to see the outcome.
#[utoipa::path(
    post, path = "/api/orders/{id}/payment", tag = "orders", operation_id = "pay_order",
    params(
        ("id" = uuid::Uuid, Path, description = "The order's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request idempotent"),
    ),
    request_body = PaymentRequest,
    responses((status = 200, description = "The payment has started", body = MessageAnswer), PaymentRefusals)
)]
pub(crate) async fn pay(
    services: Data<Services>,
    id: Id<HoldId>,
    key: IdempotencyKey,
    caller: ReqData<Caller>,
    request: Json<PaymentRequest>,
) -> Result<HttpResponse, Problem> {
    services.orders.check_owner(id.0, &caller).await?;
    let key = key.of(&request.body)?;
    let code = parse::payment_code(request.body)?;
    let answer = Answer::ok(&MessageAnswer {
        message: "payment submitted".to_owned(),
    });
    let paid = services
        .orders
        .pay_once(id.0, code, key.as_ref(), answer, call_context());
    Ok(respond::replayable(paid.await?))
}

/// Cancel an order, paid or not. Its seats are released, and any charge is refunded.
#[utoipa::path(
    delete, path = "/api/orders/{id}", tag = "orders", operation_id = "cancel_order",
    params(("id" = uuid::Uuid, Path, description = "The order's id")),
    responses((status = 200, description = "Cancelled", body = MessageAnswer), OrderChangeRefusals)
)]
pub(crate) async fn cancel(
    services: Data<Services>,
    id: Id<HoldId>,
    caller: ReqData<Caller>,
    actor: Actor,
) -> Result<HttpResponse, Problem> {
    services.orders.check_owner(id.0, &caller).await?;
    services.orders.cancel(id.0, actor, call_context()).await?;
    Ok(message("order cancelled"))
}

fn message(text: &str) -> HttpResponse {
    respond::ok(&MessageAnswer {
        message: text.to_owned(),
    })
}
