//! Holds.

use actix_web::HttpResponse;
use actix_web::web::Data;
use batch_api::{CallBatch, Member, MemberAnswer};
use domain::{HoldId, Verbatim};
use flight_api::{
    CONFIRM_LIMIT, ConfirmAnswer, ConfirmRequest, Hold, HoldCall, HoldRequest, SeatChangeRequest,
};
use jiff::Timestamp;
use service_core::idempotency::Replayable;
use service_http::batch::Batch;
use service_http::extract::{Id, Json};
use service_http::{Problem, respond};

use super::refusals::{BodyRefusals, HoldRefusals, LookupRefusals, SeatRefusals};
use super::services::Services;
use crate::app::AppError;

/// Hold seats on flights, all or nothing.
///
/// The caller generates the id; the same request with the same id gets the same answer.
#[utoipa::path(
    post, path = "/api/holds", tag = "holds", operation_id = "create_hold",
    request_body = HoldRequest,
    responses(
        (status = 201, description = "The seats are held", body = Hold),
        (status = 200, description = "An earlier request with this id holds the seats", body = Hold),
        BodyRefusals, SeatRefusals,
    )
)]
pub(super) async fn create(
    services: Data<Services>,
    request: Json<HoldRequest>,
) -> Result<HttpResponse, Problem> {
    place(&services, request.body).await
}

async fn place(services: &Services, request: HoldRequest) -> Result<HttpResponse, Problem> {
    Verbatim::<1, 255>::try_from(request.owner.clone())
        .map_err(|error| Problem::invalid_field("owner", error.0))?;
    request.expires_at.map_or(Ok(()), check_expiry)?;
    for (index, leg) in request.legs.iter().enumerate() {
        if leg.units.is_none() && leg.seats.is_empty() {
            let detail = "name units, or services.seats, or both";
            return Err(Problem::invalid_field(&format!("legs/{index}"), detail));
        }
    }
    let Replayable { value, replayed } = services.seats.hold(&request).await?;
    let response = if replayed {
        respond::ok(&value)
    } else {
        respond::created(&value, &format!("/api/holds/{}", request.id))
    };
    Ok(respond::mark_replayed(response, replayed))
}

/// Place, pin, confirm and release many holds.
///
/// The calls are made side by side. Each is answered as its own endpoint would answer it, in a line of its own, as soon
/// as it has ended.
#[utoipa::path(
    post, path = "/api/holds/batch", tag = "holds", operation_id = "batch_holds",
    request_body = CallBatch<Member<HoldCall>>,
    responses(
        (
            status = 200, description = "The answer to each call",
            body = MemberAnswer<'static>, content_type = "application/x-ndjson"
        ),
        BodyRefusals,
    )
)]
pub(super) async fn batch(services: Data<Services>, batch: Batch<HoldCall>) -> HttpResponse {
    batch.answer(move |call| {
        let services = services.clone();
        async move {
            let seats = &services.seats;
            match call {
                HoldCall::Place(request) => place(&services, request).await,
                HoldCall::Pin(hold) => answer(seats.pin(hold.id).await),
                HoldCall::Confirm(hold) => answer(seats.confirm(hold.id).await),
                HoldCall::Release(hold) => answer(seats.release(hold.id).await),
            }
        }
    })
}

/// Look a hold up.
#[utoipa::path(
    get, path = "/api/holds/{id}", tag = "holds", operation_id = "show_hold",
    params(("id" = uuid::Uuid, Path, description = "The hold's id")),
    responses((status = 200, description = "The hold", body = Hold), LookupRefusals)
)]
pub(super) async fn show(
    services: Data<Services>,
    id: Id<HoldId>,
) -> Result<HttpResponse, Problem> {
    Ok(respond::ok(&services.seats.find_hold(id.0).await?))
}

/// Remove a hold's expiry, because its payment is under way.
#[utoipa::path(
    post, path = "/api/holds/{id}/pin", tag = "holds",
    params(("id" = uuid::Uuid, Path, description = "The hold's id")),
    responses((status = 200, description = "The hold is pinned", body = Hold), HoldRefusals)
)]
pub(super) async fn pin(services: Data<Services>, id: Id<HoldId>) -> Result<HttpResponse, Problem> {
    answer(services.seats.pin(id.0).await)
}

/// Turn a hold into a sale.
#[utoipa::path(
    post, path = "/api/holds/{id}/confirm", tag = "holds",
    params(("id" = uuid::Uuid, Path, description = "The hold's id")),
    responses((status = 200, description = "The seats are sold", body = Hold), HoldRefusals)
)]
pub(super) async fn confirm(
    services: Data<Services>,
    id: Id<HoldId>,
) -> Result<HttpResponse, Problem> {
    answer(services.seats.confirm(id.0).await)
}

/// Release a hold's seats, also sold ones.
///
/// A hold that has not arrived yet is refused when it does.
#[utoipa::path(
    post, path = "/api/holds/{id}/release", tag = "holds",
    params(("id" = uuid::Uuid, Path, description = "The hold's id")),
    responses((status = 200, description = "The seats are released", body = Hold), HoldRefusals)
)]
pub(super) async fn release(
    services: Data<Services>,
    id: Id<HoldId>,
) -> Result<HttpResponse, Problem> {
    answer(services.seats.release(id.0).await)
}

/// Swap a hold's seats; if one is taken, the old ones stay.
#[utoipa::path(
    post, path = "/api/holds/{id}/seats", tag = "holds",
    params(("id" = uuid::Uuid, Path, description = "The hold's id")),
    request_body = SeatChangeRequest,
    responses(
        (status = 200, description = "The hold has the new seats", body = Hold),
        (status = 410, description = "`hold_expired`: the hold has expired"),
        BodyRefusals, SeatRefusals,
    )
)]
pub(super) async fn change_seats(
    services: Data<Services>,
    id: Id<HoldId>,
    request: Json<SeatChangeRequest>,
) -> Result<HttpResponse, Problem> {
    let request = request.body;
    check_expiry(request.expires_at)?;
    answer(services.seats.change_seats(id.0, request).await)
}

/// Turn many holds into sales.
#[utoipa::path(
    post, path = "/api/holds/confirm", tag = "holds",
    request_body = ConfirmRequest,
    responses((status = 200, description = "The result of each hold", body = ConfirmAnswer), BodyRefusals)
)]
pub(super) async fn confirm_many(
    services: Data<Services>,
    request: Json<ConfirmRequest>,
) -> Result<HttpResponse, Problem> {
    let ids = request.body.ids;
    if !(1..=CONFIRM_LIMIT).contains(&ids.len()) {
        let detail = format!("must name 1 to {CONFIRM_LIMIT} holds");
        return Err(Problem::invalid_field("ids", detail));
    }
    let results = services.seats.confirm_many(&ids).await?;
    Ok(respond::ok(&ConfirmAnswer { results }))
}

/// Refuses times before 1970: later ones are far within what the database can store.
fn check_expiry(at: Timestamp) -> Result<(), Problem> {
    if at < Timestamp::UNIX_EPOCH {
        let detail = "must not be before 1970";
        return Err(Problem::invalid_field("expires_at", detail));
    }
    Ok(())
}

fn answer(result: Result<Replayable<Hold>, AppError>) -> Result<HttpResponse, Problem> {
    let answered = result?;
    Ok(respond::mark_replayed(
        respond::ok(&answered.value),
        answered.replayed,
    ))
}
