//! The double entries: a flight's, and the proof over all.

use actix_web::HttpResponse;
use actix_web::web::Data;
use clients::flight::{LedgerEntry, LedgerProof, LedgerViolation, Page, PageMeta};
use domain::FlightId;
use inventory::{LedgerPart, LedgerPlace};
use service_kit::extract::{Id, Query};
use service_kit::page::PageParameters;
use service_kit::{Problem, respond};

use super::openapi::{LookupRefusals, ReadRefusals};
use crate::app::seats::Seats;

/// A flight's double entries.
#[utoipa::path(
    get, path = "/api/flights/{id}/ledger", tag = "ledger", operation_id = "show_ledger",
    params(("id" = i64, Path, description = "The flight's id", example = 1), PageParameters),
    responses(
        (status = 200, description = "A page of them, in order", body = Page<LedgerEntry>),
        (status = 400, description = "A parameter is wrong; `errors` names it"),
        LookupRefusals,
    )
)]
pub(super) async fn show(
    seats: Data<Seats>,
    id: Id<FlightId>,
    parameters: Query<PageParameters>,
) -> Result<HttpResponse, Problem> {
    let PageParameters {
        limit,
        after,
        before,
    } = parameters.0.checked()?;
    let part = match before {
        Some(before) => LedgerPart::Before(place(&before, "before")?),
        None => LedgerPart::After(after.map(|after| place(&after, "after")).transpose()?),
    };
    let movements = seats.ledger(id.0, part, limit).await?;
    let is_full = i64::try_from(movements.len()).is_ok_and(|count| count == limit);
    let first = movements.first().map(|movement| text(movement.place));
    let last = movements.last().map(|movement| text(movement.place));
    let (has_before, has_after) = match part {
        LedgerPart::After(from) => (from.is_some(), is_full),
        LedgerPart::Before(_) => (is_full, true),
    };
    let data = movements.into_iter().map(|movement| LedgerEntry {
        version: movement.place.version,
        line: movement.place.line,
        from: movement.from,
        to: movement.to,
        units: movement.units,
        reason: movement.reason,
        cause: movement.cause,
        entered_at: movement.entered_at,
    });
    Ok(respond::ok(&Page {
        data: data.collect(),
        meta: PageMeta {
            after: last.filter(|_| has_after),
            before: first.filter(|_| has_before),
            limit,
        },
    }))
}

/// A place as it stands in a page's address.
fn text(place: LedgerPlace) -> String {
    format!("{}.{}", place.version, place.line)
}

fn place(text: &str, parameter: &str) -> Result<LedgerPlace, Problem> {
    text.split_once('.')
        .and_then(|(version, line)| {
            Some(LedgerPlace {
                version: version.parse().ok()?,
                line: line.parse().ok()?,
            })
        })
        .ok_or_else(|| Problem::invalid_field(parameter, "is not a place that a page named"))
}

/// Do the double entries of all flights add up?
#[utoipa::path(
    get, path = "/api/ledger/proof", tag = "ledger",
    responses((status = 200, description = "The proof, at one moment", body = LedgerProof), ReadRefusals)
)]
pub(super) async fn proof(seats: Data<Seats>) -> Result<HttpResponse, Problem> {
    let proof = seats.prove().await?;
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
    }))
}
