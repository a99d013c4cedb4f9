//! The ledger proof of all pools: green, or red with the violations.

use maud::{Markup, html};

use crate::app::AppError;
use crate::app::catalog::Catalog;
use crate::app::operations::dashboard::Dashboard;
use crate::http::call_context;
use crate::pages::formatting;

/// One service's proof.
struct Side {
    name: &'static str,
    counts: [i64; 5],
    violations: Vec<String>,
}

/// Both services' proofs.
pub(super) async fn proof(dashboard: &Dashboard, catalog: &Catalog) -> Markup {
    let context = call_context();
    let (own, flights) = futures_util::join!(dashboard.proof(), catalog.proof(&context));
    let own = own.map(|proof| Side {
        name: "Events and ticket options",
        counts: [
            proof.pools,
            proof.capacity,
            proof.free,
            proof.held,
            proof.sold,
        ],
        violations: proof
            .violations
            .iter()
            .map(|one| format!("pool {}: {}", one.pool, one.what))
            .collect(),
    });
    let flights = flights.map(|proof| Side {
        name: "Flights",
        counts: [
            proof.pools,
            proof.capacity,
            proof.free,
            proof.held,
            proof.sold,
        ],
        violations: proof
            .violations
            .iter()
            .map(|one| format!("flight {}: {}", one.pool, one.what))
            .collect(),
    });
    html! { div.two { (light("Flights", flights)) (light("Events and ticket options", own)) } }
}

fn light(name: &str, side: Result<Side, AppError>) -> Markup {
    html! {
        div.stack {
            @match side {
                Err(_) => {
                    p.light { (name) ": not known" }
                    p.quiet { "The proof could not be made just now. It says nothing about the ledger; it will be tried again." }
                }
                Ok(side) if side.violations.is_empty() => {
                    p.light.good { (side.name) ": it adds up" }
                    (counts(&side))
                }
                Ok(side) => {
                    p.light.bad { (side.name) ": it does not add up" }
                    (counts(&side))
                    ul.plain { @for violation in &side.violations { li { (violation) } } }
                }
            }
        }
    }
}

fn counts(side: &Side) -> Markup {
    let pools = formatting::counted(side.counts[0].max(0).unsigned_abs(), "pool", "pools");
    let [_, capacity, free, held, sold] = side.counts.map(formatting::count);
    html! {
        p.quiet {
            (pools) ", " (capacity) " units: " (free) " free, " (held) " held, " (sold) " sold"
        }
    }
}
