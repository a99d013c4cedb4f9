//! Seats by count: validate, decrement, increment.

use actix_web::HttpResponse;
use actix_web::web::Data;
use flight_api::{SeatsAnswer, SeatsRequest, Validation};
use inventory::Direction;
use service_http::extract::{IdempotencyKey, Json};
use service_http::{Problem, respond};

use super::refusals::{BodyRefusals, SeatRefusals};
use super::services::Services;

/// Check whether seats can be sold, and for how much.
///
/// Seats that can't be sold, and unknown flights, are answered 200 with `valid` false.
#[utoipa::path(
    post, path = "/api/flights/validate", tag = "seats",
    request_body = SeatsRequest,
    responses((status = 200, description = "Whether the seats can be sold", body = Validation), BodyRefusals)
)]
pub(super) async fn validate(
    services: Data<Services>,
    request: Json<SeatsRequest>,
) -> Result<HttpResponse, Problem> {
    Ok(respond::ok(&services.seats.validate(&request.body).await?))
}

/// Take seats without a hold.
#[utoipa::path(
    post, path = "/api/flights/seats/decrement", tag = "seats",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the call act once")),
    request_body = SeatsRequest,
    responses((status = 200, description = "The seats are taken", body = SeatsAnswer), BodyRefusals, SeatRefusals)
)]
pub(super) async fn decrement(
    services: Data<Services>,
    key: IdempotencyKey,
    request: Json<SeatsRequest>,
) -> Result<HttpResponse, Problem> {
    let key = key.of(&request.body)?;
    let answer = services.seats.adjust(key, &request.body, Direction::Take);
    Ok(respond::replayable(answer.await?))
}

/// Return seats that were taken without a hold.
#[utoipa::path(
    post, path = "/api/flights/seats/increment", tag = "seats",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the call act once")),
    request_body = SeatsRequest,
    responses((status = 200, description = "The seats are returned", body = SeatsAnswer), BodyRefusals, SeatRefusals)
)]
pub(super) async fn increment(
    services: Data<Services>,
    key: IdempotencyKey,
    request: Json<SeatsRequest>,
) -> Result<HttpResponse, Problem> {
    let key = key.of(&request.body)?;
    let answer = services
        .seats
        .adjust(key, &request.body, Direction::GiveBack);
    Ok(respond::replayable(answer.await?))
}
