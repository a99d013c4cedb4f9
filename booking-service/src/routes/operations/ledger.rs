//! The ledger proof of events and ticket options.

use actix_web::HttpResponse;
use actix_web::web::Data;
use flight_api::{LedgerProof, LedgerRecount, LedgerViolation};
use service_http::{Problem, respond};

use crate::http::Services;
use crate::routes::refusals::ReadRefusals;

/// Prove the double-entry ledger of all events and ticket options.
#[utoipa::path(
    get, path = "/api/ledger/proof", tag = "ledger", operation_id = "ledger_proof",
    responses((status = 200, description = "The proof, of one snapshot", body = LedgerProof), ReadRefusals)
)]
pub(crate) async fn proof(services: Data<Services>) -> Result<HttpResponse, Problem> {
    let proof = services.ledger.prove().await?;
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
