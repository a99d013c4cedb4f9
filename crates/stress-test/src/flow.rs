//! Customers' flows: one request or a few, up to the end that the customer sees.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `search` | searches for itineraries |
//! | `flight` | seats by count |
//! | `order` | chosen seats, paid by code |
//! | `event` | event tickets, paid through the queue |
//! | `option` | tickets of a ticket option |
//! | `charge` | payments without a booking |
//!
//! A flow records the customer's answer in its pool. It never repeats a request: refused customers retry
//! after the load.

mod charge;
mod event;
mod flight;
mod option;
mod order;
mod search;
mod shared;

use std::sync::Arc;

pub use search::Network;

use crate::endpoints::Caller;
use crate::outcome::{INVALID_ANSWER, STILL_PENDING};
use crate::pool::{Open, Pool, Products};
use crate::random::any;
use loadgen::stats::Outcome;

/// A customer's flow.
#[derive(Clone, Debug)]
pub enum Flow {
    /// Searches itineraries between two random airports.
    Search(Arc<Network>),
    /// Buys from one of these pools, at random.
    Buy(Arc<[Arc<Pool>]>, OrderSize),
    /// Makes a payment, counted in this pool.
    Charge(Arc<Pool>),
    /// One of these flows, chosen by weight.
    Mixed(Arc<[(u32, Flow)]>),
}

/// The size of one order.
#[derive(Clone, Debug)]
pub enum OrderSize {
    /// Any units.
    Units {
        units: u64,
        /// Flights only: the local departure date.
        date: Arc<str>,
        /// Events only: the users who buy.
        users: Arc<[String]>,
    },
    /// One of these groups of seats, at random.
    Seats(Arc<[Vec<String>]>),
}

impl Flow {
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
                None => INVALID_ANSWER,
            },
            Self::Charge(pool) => charge::run(caller, pool).await,
            // Resolved above, unless it is empty.
            Self::Mixed(_) => INVALID_ANSWER,
        }
    }
}

/// Buys from a pool, through the endpoint that sells its products.
async fn buy(caller: &mut Caller, pool: &Pool, order_size: &OrderSize) -> Outcome {
    match (pool.products, order_size) {
        (Products::Flight(flight), OrderSize::Seats(groups)) => match any(groups) {
            Some(seats) => order::buy(caller, pool, flight, seats).await,
            None => INVALID_ANSWER,
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
        (_, OrderSize::Seats(_)) | (Products::Charges(_), _) => INVALID_ANSWER,
    }
}

/// Retries a refused order, for these seats or for as many units.
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

/// Looks up the end of a booking that its customer stopped waiting for, and records it.
pub async fn follow_up(caller: &mut Caller, pool: &Pool, open: Open) -> Outcome {
    match pool.products {
        Products::Flight(_) => order::follow(caller, pool, open).await,
        Products::Event(_) => event::follow(caller, pool, open).await,
        // Final when answered.
        Products::TicketOption(_) | Products::Charges(_) => {
            pool.told.leave_open(open);
            STILL_PENDING
        }
    }
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
