//! Admissible lower bounds of the remaining cost to the destination.
//!
//! They relax the problem: a flight of a route may be taken at any time, at the route's least price or in its
//! least time, after the least connection, open or not, of any airline. Only the last leg must be usable. No
//! real path costs less.

use domain::{LEGS_MAX, SearchOrder};

use crate::resolved_query::ResolvedQuery;
use crate::timetable::{Network, Route};

/// The bound where no path exists: it exceeds every cutoff, and four of them can be added without overflow.
pub(crate) const UNREACHABLE: i64 = 1 << 61;

/// The cost that is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// In ten-thousandths of the currency unit.
    Price,
    /// In seconds, connections included.
    Time,
}

impl Measure {
    /// How many measures there are.
    pub const COUNT: usize = 2;

    /// An index below [`Self::COUNT`].
    pub fn index(self) -> usize {
        match self {
            Self::Price => 0,
            Self::Time => 1,
        }
    }

    /// The measures of an order's two main keys.
    pub fn of(order: SearchOrder) -> (Self, Self) {
        match order {
            SearchOrder::Cheapest => (Self::Price, Self::Time),
            SearchOrder::Fastest => (Self::Time, Self::Price),
        }
    }

    /// The least cost of a route as a further leg, with the connection before it.
    pub fn least(self, route: &Route, goal: &ResolvedQuery<'_>) -> i64 {
        match self {
            Self::Price => route.least_price,
            Self::Time => {
                i64::from(goal.connections.min_seconds()) + i64::from(route.least_duration_s)
            }
        }
    }
}

/// Lower bounds to one destination within one network.
#[derive(Debug)]
pub(crate) struct Bounds {
    airports: usize,
    /// For each set of remaining via airports and each airport outside the set: the least cost of exactly 0, 1,
    /// 2 and 3 further legs, each with the connection before it.
    onward: Vec<[i64; LEGS_MAX]>,
}

impl Bounds {
    /// `last_legs` says for each route to the destination whether any of its flights can be the last leg.
    ///
    /// Dynamic programming backwards from the destination, one round per leg. A round relaxes only the routes
    /// into airports that the round before reached.
    pub fn new(
        network: &Network,
        goal: &ResolvedQuery<'_>,
        measure: Measure,
        last_legs: &[bool],
    ) -> Self {
        let airports = network.airports().len();
        let mut bounds = Self {
            airports,
            onward: vec![[UNREACHABLE; LEGS_MAX]; airports * goal.via.sets()],
        };
        let at_destination = bounds.place(goal.destination, 0);
        bounds.onward[at_destination][0] = 0;
        let mut reached = vec![(goal.destination, 0)];
        for further in 1..goal.max_legs {
            let mut next = Vec::new();
            for (airport, missing) in reached {
                let rest = bounds.onward(airport, missing, further - 1);
                // Before arriving here, this airport was still a remaining via airport, if it is one at all.
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

    /// Memory of the bounds for a query without via airports, in bytes.
    pub fn bytes(airports: usize) -> usize {
        airports * size_of::<[i64; LEGS_MAX]>()
    }

    /// The least cost of exactly `further` more legs (0 to 3) from an airport that still have to visit the via
    /// airports `missing`; at least [`UNREACHABLE`] if there is no path.
    pub fn onward(&self, airport: u16, missing: usize, further: usize) -> i64 {
        self.onward[self.place(airport, missing)][further]
    }

    fn place(&self, airport: u16, missing: usize) -> usize {
        missing * self.airports + usize::from(airport)
    }
}
