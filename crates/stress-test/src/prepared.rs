//! A prepared scenario: its products, and the flow of each customer.

use std::sync::Arc;

use anyhow::ensure;
use uuid::Uuid;

use crate::endpoints::Caller;
use crate::flight_fixtures::FlightFixtures;
use crate::flow::{Flow, OrderSize};
use crate::outcome::CONFIRMED;
use crate::pool::{Pool, Products};
use crate::products::{self, Made};
use crate::scenario::Scenario;

/// Capacity of the pools that are sold out before the storm.
const STORM_CAPACITY: u64 = 10;

/// Seats of the rush: 150 pairs.
const RUSH_SEATS: u64 = 300;
const RUSH_SEAT_MAP: &str = "rows A-Y, seats 1-12";
const RUSH_ROWS: std::ops::RangeInclusive<char> = 'A'..='Y';

/// More payments than any run makes.
const PAYMENTS: u64 = 1 << 40;

/// Users who buy event tickets.
const USERS: usize = 50;

pub struct Prepared {
    pub flow: Flow,
    /// The pools on sale, and the order size of retries.
    pub sales: Vec<(Arc<Pool>, OrderSize)>,
}

#[derive(Clone, Copy, Debug)]
pub struct Stock {
    /// Expected requests; a scenario that must not sell out has more units.
    pub expected: u64,
    /// Capacity of the pools that sell out.
    pub tickets: u64,
}

/// Creates a scenario's products and flow.
pub async fn prepare(
    caller: &mut Caller,
    flight_fixtures: &mut FlightFixtures,
    scenario: Scenario,
    stock: Stock,
) -> anyhow::Result<Prepared> {
    match scenario {
        Scenario::Searches => Ok(Prepared {
            flow: Flow::Search(Arc::new(products::network(caller).await?)),
            sales: Vec::new(),
        }),
        Scenario::Bookings | Scenario::PaymentFailures | Scenario::PaymentTimeouts => {
            flights(caller, flight_fixtures, stock.expected).await
        }
        Scenario::Payments => Ok(payments()),
        Scenario::HotSale => event(caller, stock.tickets).await,
        Scenario::TicketSale => ticket_option(caller, stock.tickets).await,
        Scenario::SeatRush => rush(caller).await,
        Scenario::SoldOutStorm => storm(caller).await,
        Scenario::Mixed => mixed(caller, flight_fixtures, stock).await,
    }
}

fn of(pools: Vec<Arc<Pool>>, order_size: OrderSize) -> Prepared {
    let sales = pools
        .iter()
        .map(|pool| (Arc::clone(pool), order_size.clone()));
    Prepared {
        sales: sales.collect(),
        flow: Flow::Buy(pools.into(), order_size),
    }
}

/// One unit, of products that need neither a date nor users.
fn one_unit() -> OrderSize {
    OrderSize::Units {
        units: 1,
        date: "".into(),
        users: Arc::default(),
    }
}

/// Flights with more seats than the expected requests.
async fn flights(
    caller: &mut Caller,
    flight_fixtures: &mut FlightFixtures,
    expected: u64,
) -> anyhow::Result<Prepared> {
    let pools = flight_fixtures.flights(caller, 2 * expected).await?;
    let order_size = OrderSize::Units {
        units: 1,
        date: flight_fixtures.date().into(),
        users: Arc::default(),
    };
    Ok(of(pools.into_iter().map(Arc::new).collect(), order_size))
}

fn payments() -> Prepared {
    let pool = Arc::new(Pool::new(Products::Charges(Uuid::new_v4()), PAYMENTS));
    Prepared {
        flow: Flow::Charge(Arc::clone(&pool)),
        sales: vec![(pool, one_unit())],
    }
}

async fn event(caller: &mut Caller, tickets: u64) -> anyhow::Result<Prepared> {
    let pool = Arc::new(products::event(caller, tickets).await?);
    let users = products::users(caller, USERS).await?;
    let order_size = OrderSize::Units {
        units: 1,
        date: "".into(),
        users: users.into(),
    };
    Ok(of(vec![pool], order_size))
}

async fn ticket_option(caller: &mut Caller, tickets: u64) -> anyhow::Result<Prepared> {
    let pool = Arc::new(products::ticket_option(caller, tickets).await?);
    Ok(of(vec![pool], one_unit()))
}

async fn rush(caller: &mut Caller) -> anyhow::Result<Prepared> {
    let route = products::route(caller).await?;
    let made = products::flight(caller, &route, RUSH_SEATS, Some(RUSH_SEAT_MAP)).await?;
    let order_size = OrderSize::Seats(pairs().into());
    Ok(of(vec![Arc::new(made.pool)], order_size))
}

/// All seats of the map, in pairs: each customer wants one pair.
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
    let route = products::route(caller).await?;
    let Made { pool, date } = products::flight(caller, &route, STORM_CAPACITY, None).await?;
    let of_flight = OrderSize::Units {
        units: STORM_CAPACITY,
        date: date.clone().into(),
        users: Arc::default(),
    };
    let flight = sell_out(caller, pool, of_flight).await?;
    let pool = products::ticket_option(caller, STORM_CAPACITY).await?;
    let of_option = OrderSize::Units {
        units: STORM_CAPACITY,
        date: "".into(),
        users: Arc::default(),
    };
    let option = sell_out(caller, pool, of_option).await?;
    let one_seat = OrderSize::Units {
        units: 1,
        date: date.into(),
        users: Arc::default(),
    };
    let flows = [(&flight, &one_seat), (&option, &one_unit())].map(|(pool, order_size)| {
        let pools: Vec<Arc<Pool>> = vec![Arc::clone(pool)];
        (1, Flow::Buy(pools.into(), order_size.clone()))
    });
    Ok(Prepared {
        flow: Flow::Mixed(flows.into()),
        sales: vec![(flight, one_seat), (option, one_unit())],
    })
}

/// Sells a pool out; customers' answers are counted from zero after that.
async fn sell_out(caller: &mut Caller, pool: Pool, all: OrderSize) -> anyhow::Result<Arc<Pool>> {
    let pool = Arc::new(pool);
    let flow = Flow::Buy(vec![Arc::clone(&pool)].into(), all);
    let outcome = flow.run(caller).await;
    ensure!(
        outcome == CONFIRMED,
        "{} can't be sold out: {outcome}",
        pool.products.name()
    );
    Ok(Arc::new(
        Pool::new(pool.products, pool.capacity).sold(pool.capacity),
    ))
}

/// All endpoints; events only if there is one.
async fn mixed(
    caller: &mut Caller,
    flight_fixtures: &mut FlightFixtures,
    stock: Stock,
) -> anyhow::Result<Prepared> {
    let network = products::network(caller).await?;
    let mut flows = vec![(60, Flow::Search(Arc::new(network)))];
    let mut sales = Vec::new();
    let mut parts = vec![
        // One of eight buys seats by count.
        (
            12,
            flights(caller, flight_fixtures, stock.expected / 8).await?,
        ),
        (8, rush(caller).await?),
        (8, ticket_option(caller, stock.tickets).await?),
        (4, payments()),
    ];
    if products::sells_events(caller).await? {
        parts.push((8, event(caller, stock.tickets).await?));
    }
    for (weight, part) in parts {
        flows.push((weight, part.flow));
        sales.extend(part.sales);
    }
    Ok(Prepared {
        flow: Flow::Mixed(flows.into()),
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
