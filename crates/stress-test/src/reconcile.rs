//! The sales of a step: customers' answers against the recorded sales.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use crate::drain::{Drained, wanted};
use crate::endpoints::{Caller, Endpoint};
use crate::flow::OrderSize;
use crate::pool::{Pool, Products};
use crate::receipts;
use crate::recorded_sales::since;
use crate::report::SaleReport;
use crate::target::TargetEnvironment;
use crate::verdict::{Finding, RecordedSales, Sale, judge};
use test_stack::ledger_proof::Proof;

/// Compares customers' answers with the recorded sales: pool by pool with the databases, and all pools of a
/// service together with its ledger's proof.
pub(super) async fn reconcile(
    target: &TargetEnvironment,
    sales: &[(Arc<Pool>, OrderSize)],
    before: &[(Endpoint, Proof)],
    settled: &Drained,
) -> anyhow::Result<(Vec<SaleReport>, Finding)> {
    let mut pools = Finding::default();
    let mut reports: BTreeMap<&'static str, SaleReport> = BTreeMap::new();
    let mut caller = Caller::new(&target.endpoints);
    for ((pool, order_size), sold_again) in sales.iter().zip(&settled.sold_again) {
        let mut sale = sale(pool, order_size);
        match &target.databases {
            Some(databases) => sale.recorded_sales = databases.recorded_sales(pool).await?,
            None => pools = pools.and(receipts::check(&mut caller, pool).await?),
        }
        pools = pools.and(judge(&sale));
        let report = report(pool, sale.recorded_sales, *sold_again);
        match reports.entry(product_kind(pool.products)) {
            Entry::Occupied(mut known) => known.get_mut().add(&report),
            Entry::Vacant(place) => _ = place.insert(report),
        }
    }
    let mut ledgers = Finding::default();
    for ((endpoint, proof_before), after) in before.iter().zip(&settled.ledgers) {
        let at_endpoint = |(pool, _): &&(Arc<Pool>, OrderSize)| sold_at(pool.products) == *endpoint;
        let together = together(
            sales.iter().filter(at_endpoint),
            *endpoint,
            proof_before,
            after,
        );
        let mut finding = judge(&together);
        if !after.holds {
            let reason = format!("{}: the ledger's proof does not hold", service(*endpoint));
            finding.reasons.push(reason);
        }
        ledgers = ledgers.and(finding);
        // A proof does not tell kinds of products apart.
        if before.len() == 1
            && reports.len() == 1
            && let Some(mut only) = reports.first_entry()
        {
            let recorded_sales = together.recorded_sales.into_iter();
            let since = recorded_sales
                .map(|recorded_sales| sold_since(recorded_sales, together.sold_before));
            only.get_mut().recorded_sales.splice(0..0, since);
        }
    }
    let reports = reports.into_values().collect();
    Ok((reports, pools.or_worse(ledgers)))
}

fn sale(pool: &Pool, order_size: &OrderSize) -> Sale {
    let told = &pool.told;
    Sale {
        name: pool.products.name(),
        capacity: pool.capacity,
        sold_before: pool.sold_before,
        confirmed: told.confirmed(),
        confirmed_twice: told.confirmed_twice(),
        unclear: told.unclear(),
        wanted: wanted(pool, order_size),
        recorded_sales: Vec::new(),
    }
}

/// A service's pools together, with its ledger's change.
fn together<'a>(
    sales: impl Iterator<Item = &'a (Arc<Pool>, OrderSize)>,
    endpoint: Endpoint,
    before: &Proof,
    after: &Proof,
) -> Sale {
    let mut all = Sale {
        name: format!("all of {}", service(endpoint)),
        ..Sale::default()
    };
    for (pool, order_size) in sales {
        let sale = sale(pool, order_size);
        let gone = sale.sold_before + sale.confirmed + sale.unclear;
        // Units wanted of one pool don't count as unsold because another has some free.
        all.wanted += sale.wanted.min(sale.capacity.saturating_sub(gone));
        all.capacity += sale.capacity;
        all.sold_before += sale.sold_before;
        all.confirmed += sale.confirmed;
        all.confirmed_twice += sale.confirmed_twice;
        all.unclear += sale.unclear;
    }
    let free = all.capacity - all.sold_before;
    let source = format!("{}'s ledger, by its proof", service(endpoint));
    all.recorded_sales = vec![since(before, after, free, all.sold_before, &source)];
    all
}

fn report(
    pool: &Pool,
    recorded_sales: Vec<RecordedSales>,
    sold_on_asking_again: u64,
) -> SaleReport {
    let told = &pool.told;
    let recorded_sales = recorded_sales.into_iter();
    SaleReport {
        name: product_kind(pool.products).to_owned(),
        for_sale: match pool.products {
            Products::Charges(_) => None,
            _ => Some(pool.for_sale()),
        },
        asked: told.asked(),
        confirmed: told.confirmed(),
        refused: told.refused(),
        failed: told.failed(),
        unclear: told.unclear(),
        sold_on_asking_again,
        recorded_sales: recorded_sales
            .map(|recorded_sales| sold_since(recorded_sales, pool.sold_before))
            .collect(),
    }
}

/// Recorded sales without those before the load.
fn sold_since(recorded_sales: RecordedSales, sold_before: u64) -> RecordedSales {
    RecordedSales {
        sold: recorded_sales.sold.saturating_sub(sold_before),
        ..recorded_sales
    }
}

fn product_kind(products: Products) -> &'static str {
    match products {
        Products::Flight(_) => "seats",
        Products::Event(_) => "tickets to an event",
        Products::TicketOption(_) => "tickets of an option",
        Products::Charges(_) => "payments",
    }
}

fn sold_at(products: Products) -> Endpoint {
    match products {
        Products::Flight(_) => Endpoint::Flight,
        Products::Event(_) | Products::TicketOption(_) => Endpoint::Booking,
        Products::Charges(_) => Endpoint::Payment,
    }
}

fn service(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Flight => "flight-service",
        Endpoint::Booking => "booking-service",
        Endpoint::Payment => "payment-service",
    }
}
