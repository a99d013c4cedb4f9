//! What customers do: each flow is a request or a few, up to the end that the customer sees.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `search` | finding itineraries |
//! | `flight` | seats by count |
//! | `order` | chosen seats, paid by code |
//! | `event` | tickets to an event, paid through the queue |
//! | `option` | tickets of a ticket option |
//! | `charge` | a payment on its own |
//!
//! An flow tells its pool what the customer was told. It never repeats a request: whoever is refused
//! asks again when the load is over.

mod charge;
mod event;
mod flight;
mod option;
mod order;
mod search;

use std::sync::Arc;
use std::time::Duration;

pub use search::Network;

use crate::endpoints::{Caller, Endpoint, Reply};
use crate::outcome::{BUSY, CONFIRMED, NOT_UNDERSTOOD, STILL_PENDING};
use crate::pool::{Open, Pool, Products};
use loadgen::http::ConnectionError;
use loadgen::stats::Outcome;

/// How long a customer waits for the end of a booking before it counts as still pending.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a customer waits before looking again: less at first, when most are done.
const LOOKS: [Duration; 4] = [
    Duration::from_millis(10),
    Duration::from_millis(20),
    Duration::from_millis(40),
    Duration::from_millis(80),
];

/// What a customer is to do.
#[derive(Clone, Debug)]
pub enum Flow {
    /// Find itineraries between two airports at random.
    Search(Arc<Network>),
    /// Buy of one of these pools, at random.
    Buy(Arc<[Arc<Pool>]>, OrderSize),
    /// Make a payment, which counts in this pool.
    Charge(Arc<Pool>),
    /// Any of these, as often as its weight says.
    Mixed(Arc<[(u32, Flow)]>),
}

/// What is bought at once.
#[derive(Clone, Debug)]
pub enum OrderSize {
    /// So many units, whichever they are.
    Units {
        /// How many.
        units: u64,
        /// For flights: their local date of departure.
        date: Arc<str>,
        /// For events: who may buy.
        users: Arc<[String]>,
    },
    /// One of these groups of seats, at random.
    Seats(Arc<[Vec<String>]>),
}

impl Flow {
    /// Does it.
    pub async fn run(&self, caller: &mut Caller) -> Outcome {
        let mut flow = self;
        while let Self::Mixed(flows) = flow {
            let Some(drawn) = any_by_weight(flows) else {
                break;
            };
            flow = drawn;
        }
        match flow {
            Self::Search(network) => search::run(caller, network).await,
            Self::Buy(pools, order_size) => match any(pools) {
                Some(pool) => buy(caller, pool, order_size).await,
                None => NOT_UNDERSTOOD,
            },
            Self::Charge(pool) => charge::run(caller, pool).await,
            // Unpacked above, unless there is nothing in it.
            Self::Mixed(_) => NOT_UNDERSTOOD,
        }
    }
}

/// Buys of a pool, through the endpoint that its products are sold at.
async fn buy(caller: &mut Caller, pool: &Pool, order_size: &OrderSize) -> Outcome {
    match (pool.products, order_size) {
        (Products::Flight(flight), OrderSize::Seats(groups)) => match any(groups) {
            Some(seats) => order::buy(caller, pool, flight, seats).await,
            None => NOT_UNDERSTOOD,
        },
        (Products::Flight(flight), OrderSize::Units { units, date, .. }) => {
            flight::buy(caller, pool, flight, *units, date).await
        }
        (Products::Event(event), OrderSize::Units { units, users, .. }) => {
            event::buy(caller, pool, event, *units, users).await
        }
        (Products::TicketOption(option), OrderSize::Units { units, .. }) => {
            option::buy(caller, pool, option, *units).await
        }
        // Tickets have no seats.
        (_, OrderSize::Seats(_)) | (Products::Charges(_), _) => NOT_UNDERSTOOD,
    }
}

/// Has a customer who was refused ask again for these seats, or for as many units as the order_size says.
pub async fn ask_again(
    caller: &mut Caller,
    pool: &Pool,
    order_size: &OrderSize,
    seats: Option<&Vec<String>>,
) -> Outcome {
    match (pool.products, seats) {
        (Products::Flight(flight), Some(seats)) => order::buy(caller, pool, flight, seats).await,
        _ => buy(caller, pool, order_size).await,
    }
}

/// Sees how a booking has ended whose customer could not wait, and tells its pool.
pub async fn follow_up(caller: &mut Caller, pool: &Pool, open: Open) -> Outcome {
    match pool.products {
        Products::Flight(_) => order::follow(caller, pool, open).await,
        Products::Event(_) => event::follow(caller, pool, open).await,
        // Complete when they are answered.
        Products::TicketOption(_) | Products::Charges(_) => {
            pool.told.leave_open(open);
            STILL_PENDING
        }
    }
}

/// A customer, for endpoints that take any.
fn any_user() -> u32 {
    rand::random_range(1..=100_000)
}

/// Any of these.
pub(super) fn any<T>(things: &[T]) -> Option<&T> {
    if things.is_empty() {
        return None;
    }
    things.get(rand::random_range(0..things.len()))
}

fn any_by_weight(flows: &[(u32, Flow)]) -> Option<&Flow> {
    let all = flows.iter().map(|(weight, _)| *weight).sum::<u32>();
    let mut drawn = rand::random_range(0..all.max(1));
    for (weight, flow) in flows {
        match drawn.checked_sub(*weight) {
            Some(left) => drawn = left,
            None => return Some(flow),
        }
    }
    None
}

/// What an answer comes to that no endpoint has a meaning of its own for, or none at all.
fn failure(reply: &Result<Reply, ConnectionError>) -> Outcome {
    match reply {
        Ok(reply) if matches!(reply.status, 429 | 503) => BUSY,
        Ok(reply) => Outcome::Status(reply.status),
        Err(_) => Outcome::Broken,
    }
}

/// Whether an answer says for sure that nothing came about.
fn is_clear_no(reply: &Result<Reply, ConnectionError>) -> bool {
    reply
        .as_ref()
        .is_ok_and(|reply| matches!(reply.status, 400..=499))
}

/// Tells the pool of units that an answer gave nobody, or nobody knows; says what the flow comes to.
fn not_had(pool: &Pool, units: u64, reply: &Result<Reply, ConnectionError>) -> Outcome {
    if is_clear_no(reply) {
        pool.told.fail(units);
    } else {
        pool.told.lose(units);
    }
    failure(reply)
}

/// Tells the pool how a booking has ended; `None` if nobody has seen it yet.
fn tell_end(pool: &Pool, open: Open, ended: Option<Outcome>) -> Outcome {
    match ended {
        Some(CONFIRMED) => pool.told.confirm(open.units, &open.seats),
        Some(_) => pool.told.fail(open.units),
        None => pool.told.leave_open(open),
    }
    ended.unwrap_or(STILL_PENDING)
}

/// Looks at a booking until `end` knows what became of it; `None` if it takes too long.
async fn wait_for_end(
    caller: &mut Caller,
    path: &str,
    end: impl Fn(&Reply) -> Option<Outcome>,
) -> Option<Outcome> {
    let until = tokio::time::Instant::now() + PATIENCE;
    let mut looks = LOOKS.into_iter();
    let mut pause = Duration::from_millis(5);
    while tokio::time::Instant::now() < until {
        tokio::time::sleep(pause).await;
        pause = looks.next().unwrap_or(Duration::from_millis(100));
        let reply = caller.get(Endpoint::Booking, path.to_owned()).await;
        if let Ok(reply) = reply
            && let Some(outcome) = end(&reply)
        {
            return Some(outcome);
        }
    }
    None
}
