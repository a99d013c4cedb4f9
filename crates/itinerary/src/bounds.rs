//! Admissible lower bounds: what the way on to the destination costs at least.
//!
//! They relax the problem: a flight of a route may be taken at any time, at the route's least price
//! or in its least time, after the least connection, sold out or not, whoever flies it. Only the last
//! leg has to be one that can be taken. No real way on costs less.

use domain::sale_rules::itinerary::MAX_LEGS;

use crate::order::Order;
use crate::resolved_query::ResolvedQuery;
use crate::timetable::{Network, Route};

/// What is more costs than this leads nowhere: it exceeds every cutoff, and four of them can be added.
pub(crate) const UNREACHABLE: i64 = 1 << 61;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Ten-thousandths.
    Price,
    /// Seconds, connections included.
    Time,
}

impl Measure {
    /// How many there are.
    pub const COUNT: usize = 2;

    /// A number below [`Self::COUNT`].
    pub fn index(self) -> usize {
        match self {
            Self::Price => 0,
            Self::Time => 1,
        }
    }

    /// The measures of an order's two keys.
    pub fn of(order: Order) -> (Self, Self) {
        match order {
            Order::Cheapest => (Self::Price, Self::Time),
            Order::Fastest => (Self::Time, Self::Price),
        }
    }

    /// What a flight of the route costs at least as a further leg.
    pub fn least(self, route: &Route, goal: &ResolvedQuery<'_>) -> i64 {
        match self {
            Self::Price => route.least_price,
            Self::Time => {
                i64::from(goal.connections.min_seconds()) + i64::from(route.least_duration_s)
            }
        }
    }
}

/// Lower bounds towards one destination, within one network.
#[derive(Debug)]
pub(crate) struct Bounds {
    airports: usize,
    /// For each set of airports still to be changed at and each airport, which is not in it any more,
    /// the least cost of exactly 0, 1, 2 and 3 further legs, each with the connection before it.
    onward: Vec<[i64; MAX_LEGS]>,
}

impl Bounds {
    /// The bounds of a goal. `last_legs` says for each route to the destination whether any of its
    /// flights can be a last leg.
    ///
    /// Dynamic programming backwards from the destination, a round for each leg: only the routes into
    /// airports that the round before came to are looked at.
    pub fn new(
        network: &Network,
        goal: &ResolvedQuery<'_>,
        measure: Measure,
        last_legs: &[bool],
    ) -> Self {
        let airports = network.airports().len();
        let mut bounds = Self {
            airports,
            onward: vec![[UNREACHABLE; MAX_LEGS]; airports * goal.via.sets()],
        };
        let at_destination = bounds.place(goal.destination, 0);
        bounds.onward[at_destination][0] = 0;
        let mut reached = vec![(goal.destination, 0)];
        for further in 1..goal.max_legs {
            let mut next = Vec::new();
            for (airport, missing) in reached {
                let rest = bounds.onward(airport, missing, further - 1);
                // Whoever comes here had this airport still to be changed at, if it is one of those.
                let missing = goal.via.with(missing, airport);
                for (index, (origin, route)) in network.routes_to(airport).enumerate() {
                    if origin == goal.destination
                        || goal.excluded.contains(&origin)
                        || goal.via.has(missing, origin)
                        || (further == 1 && !last_legs[index])
                    {
                        continue;
                    }
                    let place = bounds.place(origin, missing);
                    let least = &mut bounds.onward[place][further];
                    if *least == UNREACHABLE {
                        next.push((origin, missing));
                    }
                    *least = (*least).min(measure.least(route, goal) + rest);
                }
            }
            reached = next;
        }
        bounds
    }

    /// What the bounds of a goal without airports to change at occupy, in bytes.
    pub fn bytes(airports: usize) -> usize {
        airports * size_of::<[i64; MAX_LEGS]>()
    }

    /// The least cost of exactly so many further legs, 0 to 3, from an airport, where these airports
    /// are still to be changed at; at least [`UNREACHABLE`] where no way leads on.
    pub fn onward(&self, airport: u16, missing: usize, further: usize) -> i64 {
        self.onward[self.place(airport, missing)][further]
    }

    fn place(&self, airport: u16, missing: usize) -> usize {
        missing * self.airports + usize::from(airport)
    }
}
