//! What was sold in a step: what customers were told, beside what the books say.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use super::books::since;
use super::doors::{Caller, Door};
use super::errand::Basket;
use super::ground::Ground;
use super::pool::{Goods, Pool};
use super::receipts;
use super::report::SaleReport;
use super::settle::{Settled, wanted};
use super::verdict::{Books, Finding, Sale, judge};
use crate::bench::ledger::Proof;

/// Compares what customers were told with the books: pool by pool in the databases, and all pools of a
/// service together in its ledger's proof.
pub(super) async fn account(
    ground: &Ground,
    sales: &[(Arc<Pool>, Basket)],
    before: &[(Door, Proof)],
    settled: &Settled,
) -> anyhow::Result<(Vec<SaleReport>, Finding)> {
    let mut pools = Finding::default();
    let mut reports: BTreeMap<&'static str, SaleReport> = BTreeMap::new();
    let mut caller = Caller::new(&ground.doors);
    for ((pool, basket), sold_again) in sales.iter().zip(&settled.sold_again) {
        let mut sale = sale(pool, basket);
        match &ground.databases {
            Some(databases) => sale.books = databases.books(pool).await?,
            None => pools = pools.and(receipts::check(&mut caller, pool).await?),
        }
        pools = pools.and(judge(&sale));
        let report = report(pool, sale.books, *sold_again);
        match reports.entry(kind_of_goods(pool.goods)) {
            Entry::Occupied(mut known) => known.get_mut().add(&report),
            Entry::Vacant(place) => _ = place.insert(report),
        }
    }
    let mut ledgers = Finding::default();
    for ((door, proof_before), after) in before.iter().zip(&settled.ledgers) {
        let at_door = |(pool, _): &&(Arc<Pool>, Basket)| sold_at(pool.goods) == *door;
        let together = together(sales.iter().filter(at_door), *door, proof_before, after);
        let mut finding = judge(&together);
        if !after.holds {
            let reason = format!("{}: the ledger's proof does not hold", service(*door));
            finding.reasons.push(reason);
        }
        ledgers = ledgers.and(finding);
        // Of several kinds of goods a proof says nothing apart.
        if before.len() == 1
            && reports.len() == 1
            && let Some(mut only) = reports.first_entry()
        {
            let books = together.books.into_iter();
            let since = books.map(|books| sold_since(books, together.sold_before));
            only.get_mut().books.splice(0..0, since);
        }
    }
    let reports = reports.into_values().collect();
    Ok((reports, pools.or_worse(ledgers)))
}

fn sale(pool: &Pool, basket: &Basket) -> Sale {
    let told = &pool.told;
    Sale {
        name: pool.goods.name(),
        capacity: pool.capacity,
        sold_before: pool.sold_before,
        confirmed: told.confirmed(),
        confirmed_twice: told.confirmed_twice(),
        unclear: told.unclear(),
        wanted: wanted(pool, basket),
        books: Vec::new(),
    }
}

/// The pools of a service, with what its ledger says of them together.
fn together<'a>(
    sales: impl Iterator<Item = &'a (Arc<Pool>, Basket)>,
    door: Door,
    before: &Proof,
    after: &Proof,
) -> Sale {
    let mut all = Sale {
        name: format!("all of {}", service(door)),
        ..Sale::default()
    };
    for (pool, basket) in sales {
        let sale = sale(pool, basket);
        let gone = sale.sold_before + sale.confirmed + sale.unclear;
        // What is wanted of one pool is not there because another has it.
        all.wanted += sale.wanted.min(sale.capacity.saturating_sub(gone));
        all.capacity += sale.capacity;
        all.sold_before += sale.sold_before;
        all.confirmed += sale.confirmed;
        all.confirmed_twice += sale.confirmed_twice;
        all.unclear += sale.unclear;
    }
    let free = all.capacity - all.sold_before;
    let source = format!("{}'s ledger, by its proof", service(door));
    all.books = vec![since(before, after, free, all.sold_before, &source)];
    all
}

fn report(pool: &Pool, books: Vec<Books>, sold_on_asking_again: u64) -> SaleReport {
    let told = &pool.told;
    let books = books.into_iter();
    SaleReport {
        name: kind_of_goods(pool.goods).to_owned(),
        for_sale: match pool.goods {
            Goods::Charges(_) => None,
            _ => Some(pool.for_sale()),
        },
        asked: told.asked(),
        confirmed: told.confirmed(),
        refused: told.refused(),
        failed: told.failed(),
        unclear: told.unclear(),
        sold_on_asking_again,
        books: books
            .map(|books| sold_since(books, pool.sold_before))
            .collect(),
    }
}

/// The books without what was sold before.
fn sold_since(books: Books, sold_before: u64) -> Books {
    Books {
        sold: books.sold.saturating_sub(sold_before),
        ..books
    }
}

fn kind_of_goods(goods: Goods) -> &'static str {
    match goods {
        Goods::Flight(_) => "seats",
        Goods::Event(_) => "tickets to an event",
        Goods::TicketOption(_) => "tickets of an option",
        Goods::Charges(_) => "payments",
    }
}

fn sold_at(goods: Goods) -> Door {
    match goods {
        Goods::Flight(_) => Door::Flight,
        Goods::Event(_) | Goods::TicketOption(_) => Door::Booking,
        Goods::Charges(_) => Door::Payment,
    }
}

fn service(door: Door) -> &'static str {
    match door {
        Door::Flight => "flight-service",
        Door::Booking => "booking-service",
        Door::Payment => "payment-service",
    }
}
