//! Admissible lower bounds: what the way on to the destination costs at least.
//!
//! They relax the problem: a flight of a route may be taken at any time, at the route's least price
//! or in its least time, after the least connection, sold out or not. No real way on costs less.

use crate::itinerary::MAX_LEGS;
use crate::order::Order;
use crate::search::Goal;
use crate::timetable::{Network, Route};

/// Where no way leads on. No cost is nearly as large: prices are amounts, times have 32 bits.
const UNREACHABLE: i64 = i64::MAX;

/// Lower bounds towards one destination, within one network.
pub(crate) struct Bounds {
    /// For each airport the least cost of exactly 0, 1, 2 and 3 further legs to the destination,
    /// each with the connection before it.
    onward: Vec<[i64; MAX_LEGS]>,
}

impl Bounds {
    /// Dynamic programming backwards from the destination: one round over all routes for each leg.
    pub fn new(network: &Network, goal: &Goal) -> Self {
        let airports = network.airports();
        let mut onward = vec![[UNREACHABLE; MAX_LEGS]; airports.len()];
        onward[usize::from(goal.destination)][0] = 0;
        for further in 1..goal.max_legs {
            // No itinerary comes back to its source or passes its destination.
            let passed = |airport: &u16| ![goal.source, goal.destination].contains(airport);
            for airport in airports.clone().filter(passed) {
                let mut least = UNREACHABLE;
                for route in network.routes_from(airport) {
                    let rest = onward[usize::from(route.destination)][further - 1];
                    if rest != UNREACHABLE {
                        least = least.min(least_cost(route, goal) + rest);
                    }
                }
                onward[usize::from(airport)][further] = least;
            }
        }
        Self { onward }
    }

    /// The least cost of exactly so many further legs, 0 to 3, from an airport; `None` where no way
    /// leads on.
    pub fn onward(&self, airport: u16, further: usize) -> Option<i64> {
        let bound = self.onward[usize::from(airport)][further];
        (bound != UNREACHABLE).then_some(bound)
    }
}

/// The least cost of a flight of the route as a further leg: the order's first key, in minor units
/// or seconds.
pub(crate) fn least_cost(route: &Route, goal: &Goal) -> i64 {
    match goal.order {
        Order::Cheapest => route.least_price,
        Order::Fastest => {
            i64::from(goal.connections.min_seconds()) + i64::from(route.least_duration_s)
        }
    }
}
