//! Seats by count: looked at, taken, given back.

use actix_web::HttpResponse;
use actix_web::web::Data;
use clients::flight::{SeatsAnswer, SeatsRequest, Validation};
use inventory::Direction;
use service_kit::auth::Caller;
use service_kit::extract::{IdempotencyKey, Json, scoped};
use service_kit::{Problem, respond};
use uuid::Uuid;

use super::openapi::{BodyRefusals, SeatRefusals};
use crate::app::seats::Seats;

/// Where the ids of keyed adjustments come from (RFC 9562, version 5): the same key of the same route
/// always gives the same id.
const KEY_NAMESPACE: Uuid = Uuid::from_u128(0x5e41_9fdc_7a0b_4c55_9d0e_3b1f_6a2c_8e77);

/// Can these seats be sold, and for how much?
///
/// What can't be sold is answered 200 with `valid` false, an unknown flight too.
#[utoipa::path(
    post, path = "/api/flights/validate", tag = "seats",
    request_body = SeatsRequest,
    responses((status = 200, description = "Whether they can", body = Validation), BodyRefusals)
)]
pub(super) async fn validate(
    seats: Data<Seats>,
    request: Json<SeatsRequest>,
) -> Result<HttpResponse, Problem> {
    Ok(respond::ok(&seats.validate(&request.body).await?))
}

/// Take seats without a hold.
#[utoipa::path(
    post, path = "/api/flights/seats/decrement", tag = "seats",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the call act once")),
    request_body = SeatsRequest,
    responses((status = 200, description = "They are taken", body = SeatsAnswer), BodyRefusals, SeatRefusals)
)]
pub(super) async fn decrement(
    seats: Data<Seats>,
    key: IdempotencyKey,
    caller: Caller,
    request: Json<SeatsRequest>,
) -> Result<HttpResponse, Problem> {
    adjust(
        &seats,
        scoped("decrement", key, &caller),
        &request.body,
        Direction::Take,
    )
    .await
}

/// Give seats back that were taken without a hold.
#[utoipa::path(
    post, path = "/api/flights/seats/increment", tag = "seats",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the call act once")),
    request_body = SeatsRequest,
    responses((status = 200, description = "They are back", body = SeatsAnswer), BodyRefusals, SeatRefusals)
)]
pub(super) async fn increment(
    seats: Data<Seats>,
    key: IdempotencyKey,
    caller: Caller,
    request: Json<SeatsRequest>,
) -> Result<HttpResponse, Problem> {
    adjust(
        &seats,
        scoped("increment", key, &caller),
        &request.body,
        Direction::GiveBack,
    )
    .await
}

async fn adjust(
    seats: &Seats,
    key: Option<String>,
    request: &SeatsRequest,
    direction: Direction,
) -> Result<HttpResponse, Problem> {
    let id = key.map(|key| Uuid::new_v5(&KEY_NAMESPACE, key.as_bytes()));
    let answer = seats.adjust(id, request, direction).await?;
    Ok(respond::mark_replayed(
        respond::ok(&answer.body),
        answer.replayed,
    ))
}
