//! The ledger of a flight, and the proof over all flights.

use actix_web::HttpResponse;
use actix_web::web::Data;
use domain::FlightId;
use flight_api::{LedgerEntry, LedgerProof, LedgerRecount, LedgerViolation};
use inventory::RecordedMovement;
use service_core::page::Page;
use service_http::extract::{Id, Query};
use service_http::page::{PageBody, PageParameters};
use service_http::{Problem, respond};

use super::refusals::{LookupRefusals, ReadRefusals};
use super::services::Services;

/// List a flight's ledger entries.
#[utoipa::path(
    get, path = "/api/flights/{id}/ledger", tag = "ledger", operation_id = "show_ledger",
    params(("id" = i64, Path, description = "The flight's id", example = 1), PageParameters),
    responses(
        (status = 200, description = "A page of entries, in order", body = PageBody<LedgerEntry>),
        (status = 400, description = "A parameter is wrong; `errors` names it"),
        LookupRefusals,
    )
)]
pub(super) async fn show(
    services: Data<Services>,
    id: Id<FlightId>,
    parameters: Query<PageParameters>,
) -> Result<HttpResponse, Problem> {
    let (part, limit) = parameters.0.part()?;
    // One more than is shown tells whether there is another page.
    let found = services.seats.ledger(id.0, part, limit + 1).await?;
    let found = Page::of(found, &part, limit, |movement| movement.place);
    Ok(respond::ok(&PageBody::of(found, limit, |one| {
        Ok(entry(one))
    })?))
}

fn entry(movement: RecordedMovement) -> LedgerEntry {
    LedgerEntry {
        version: movement.place.version,
        line: movement.place.line,
        from: movement.from,
        to: movement.to,
        units: movement.units,
        reason: movement.reason,
        cause: movement.cause,
        entered_at: movement.entered_at,
    }
}

/// Prove the ledger of all flights.
#[utoipa::path(
    get, path = "/api/ledger/proof", tag = "ledger",
    responses((status = 200, description = "The proof, from one snapshot", body = LedgerProof), ReadRefusals)
)]
pub(super) async fn proof(services: Data<Services>) -> Result<HttpResponse, Problem> {
    let proof = services.seats.prove().await?;
    let holds = proof.holds();
    let violations = proof.violations.into_iter();
    Ok(respond::ok(&LedgerProof {
        holds,
        pools: proof.pools,
        capacity: proof.capacity,
        free: proof.free,
        held: proof.held,
        sold: proof.sold,
        violations: violations
            .map(|violation| LedgerViolation {
                pool: violation.pool.0,
                what: violation.what,
            })
            .collect(),
        recount: proof.recounted.map(|recounted| LedgerRecount {
            ended_at: recounted.at,
            pools: recounted.pools,
        }),
    }))
}
