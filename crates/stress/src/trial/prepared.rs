//! A scenario made ready: what is sold in it, and what each customer does.

use std::sync::Arc;

use anyhow::ensure;
use uuid::Uuid;

use super::doors::Caller;
use super::errand::{Basket, Errand};
use super::goods::{self, Made};
use super::outcome::CONFIRMED;
use super::pool::{Goods, Pool};
use super::scenario::Scenario;
use super::shelf::Shelf;

/// Of what is sold out before the storm.
const STORM_CAPACITY: u64 = 10;

/// The seats of the rush: 150 pairs.
const RUSH_SEATS: u64 = 300;
const RUSH_SEAT_MAP: &str = "rows A-Y, seats 1-12";
const RUSH_ROWS: std::ops::RangeInclusive<char> = 'A'..='Y';

/// More payments than any run makes.
const PAYMENTS: u64 = 1 << 40;

/// How many users buy tickets to events.
const USERS: usize = 50;

/// A scenario made ready.
pub struct Prepared {
    /// What customers do.
    pub errand: Errand,
    /// What is sold, with what customers who were refused ask for again.
    pub sales: Vec<(Arc<Pool>, Basket)>,
}

/// How much there is to sell.
#[derive(Clone, Copy, Debug)]
pub struct Stock {
    /// How many requests are expected; a scenario that is not to sell out has more.
    pub expected: u64,
    /// Tickets of what is to sell out.
    pub tickets: u64,
}

/// Makes a scenario ready.
///
/// # Errors
/// When a service refuses what is to be sold.
pub async fn prepare(
    caller: &mut Caller,
    shelf: &mut Shelf,
    scenario: Scenario,
    stock: Stock,
) -> anyhow::Result<Prepared> {
    match scenario {
        Scenario::Searches => Ok(Prepared {
            errand: Errand::Search(Arc::new(goods::network(caller).await?)),
            sales: Vec::new(),
        }),
        Scenario::Bookings | Scenario::PaymentFailures | Scenario::PaymentTimeouts => {
            flights(caller, shelf, stock.expected).await
        }
        Scenario::Payments => Ok(payments()),
        Scenario::HotSale => event(caller, stock.tickets).await,
        Scenario::TicketSale => ticket_option(caller, stock.tickets).await,
        Scenario::SeatRush => rush(caller).await,
        Scenario::SoldOutStorm => storm(caller).await,
        Scenario::Mixed => mixed(caller, shelf, stock).await,
    }
}

fn of(pools: Vec<Arc<Pool>>, basket: Basket) -> Prepared {
    let sales = pools.iter().map(|pool| (Arc::clone(pool), basket.clone()));
    Prepared {
        sales: sales.collect(),
        errand: Errand::Buy(pools.into(), basket),
    }
}

/// One unit of whatever needs neither a date nor users.
fn one_unit() -> Basket {
    Basket::Units {
        units: 1,
        date: "".into(),
        users: Arc::default(),
    }
}

/// Flights that have more seats than are expected to be asked for.
async fn flights(
    caller: &mut Caller,
    shelf: &mut Shelf,
    expected: u64,
) -> anyhow::Result<Prepared> {
    let pools = shelf.flights(caller, 2 * expected).await?;
    let basket = Basket::Units {
        units: 1,
        date: shelf.date().into(),
        users: Arc::default(),
    };
    Ok(of(pools.into_iter().map(Arc::new).collect(), basket))
}

fn payments() -> Prepared {
    let pool = Arc::new(Pool::new(Goods::Charges(Uuid::new_v4()), PAYMENTS));
    Prepared {
        errand: Errand::Charge(Arc::clone(&pool)),
        sales: vec![(pool, one_unit())],
    }
}

async fn event(caller: &mut Caller, tickets: u64) -> anyhow::Result<Prepared> {
    let pool = Arc::new(goods::event(caller, tickets).await?);
    let users = goods::users(caller, USERS).await?;
    let basket = Basket::Units {
        units: 1,
        date: "".into(),
        users: users.into(),
    };
    Ok(of(vec![pool], basket))
}

async fn ticket_option(caller: &mut Caller, tickets: u64) -> anyhow::Result<Prepared> {
    let pool = Arc::new(goods::ticket_option(caller, tickets).await?);
    Ok(of(vec![pool], one_unit()))
}

async fn rush(caller: &mut Caller) -> anyhow::Result<Prepared> {
    let route = goods::route(caller).await?;
    let made = goods::flight(caller, &route, RUSH_SEATS, Some(RUSH_SEAT_MAP)).await?;
    let basket = Basket::Seats(pairs().into());
    Ok(of(vec![Arc::new(made.pool)], basket))
}

/// All seats of the map, in pairs that nobody splits: each customer wants one of them.
fn pairs() -> Vec<Vec<String>> {
    let of_row = |row: char| {
        (1..=6).map(move |pair| {
            vec![
                format!("{row}{}", 2 * pair - 1),
                format!("{row}{}", 2 * pair),
            ]
        })
    };
    RUSH_ROWS.flat_map(of_row).collect()
}

async fn storm(caller: &mut Caller) -> anyhow::Result<Prepared> {
    let route = goods::route(caller).await?;
    let Made { pool, date } = goods::flight(caller, &route, STORM_CAPACITY, None).await?;
    let of_flight = Basket::Units {
        units: STORM_CAPACITY,
        date: date.clone().into(),
        users: Arc::default(),
    };
    let flight = sell_out(caller, pool, of_flight).await?;
    let pool = goods::ticket_option(caller, STORM_CAPACITY).await?;
    let of_option = Basket::Units {
        units: STORM_CAPACITY,
        date: "".into(),
        users: Arc::default(),
    };
    let option = sell_out(caller, pool, of_option).await?;
    let one_seat = Basket::Units {
        units: 1,
        date: date.into(),
        users: Arc::default(),
    };
    let errands = [(&flight, &one_seat), (&option, &one_unit())].map(|(pool, basket)| {
        let pools: Vec<Arc<Pool>> = vec![Arc::clone(pool)];
        (1, Errand::Buy(pools.into(), basket.clone()))
    });
    Ok(Prepared {
        errand: Errand::Mixed(errands.into()),
        sales: vec![(flight, one_seat), (option, one_unit())],
    })
}

/// Buys all of a pool; what customers are told after that is counted anew.
async fn sell_out(caller: &mut Caller, pool: Pool, all: Basket) -> anyhow::Result<Arc<Pool>> {
    let pool = Arc::new(pool);
    let errand = Errand::Buy(vec![Arc::clone(&pool)].into(), all);
    let outcome = errand.run(caller).await;
    ensure!(
        outcome == CONFIRMED,
        "{} can't be sold out: {outcome}",
        pool.goods.name()
    );
    Ok(Arc::new(
        Pool::new(pool.goods, pool.capacity).sold(pool.capacity),
    ))
}

/// All doors, of which the event's only where there is one.
async fn mixed(caller: &mut Caller, shelf: &mut Shelf, stock: Stock) -> anyhow::Result<Prepared> {
    let network = goods::network(caller).await?;
    let mut errands = vec![(60, Errand::Search(Arc::new(network)))];
    let mut sales = Vec::new();
    let mut parts = vec![
        // One of eight books seats by count.
        (12, flights(caller, shelf, stock.expected / 8).await?),
        (8, rush(caller).await?),
        (8, ticket_option(caller, stock.tickets).await?),
        (4, payments()),
    ];
    if goods::sells_events(caller).await? {
        parts.push((8, event(caller, stock.tickets).await?));
    }
    for (weight, part) in parts {
        errands.push((weight, part.errand));
        sales.extend(part.sales);
    }
    Ok(Prepared {
        errand: Errand::Mixed(errands.into()),
        sales,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_pairs_are_all_seats_once() {
        let pairs = pairs();
        let seats: BTreeSet<&String> = pairs.iter().flatten().collect();
        assert_eq!(u64::try_from(seats.len()).unwrap(), RUSH_SEATS);
        assert_eq!(pairs.len() * 2, seats.len());
    }
}
