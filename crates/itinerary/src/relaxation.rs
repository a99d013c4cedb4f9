//! Admissible lower bounds of the remaining cost to the destination.
//!
//! They relax the problem: a flight of a route may be taken at any time, at the route's least price or in its
//! least time, after the least connection, open or not, of any airline. Only the last leg must be usable. No
//! real path costs less.

use crate::bounds::{Bounds, Measure, UNREACHABLE};
use crate::resolved_query::ResolvedQuery;
use crate::timetable::{Network, Route};

/// `last_legs` says for each route to the destination whether any of its flights can be the last leg.
///
/// Dynamic programming backwards from the destination, one round per leg. A round relaxes only the routes
/// into airports that the round before reached.
pub(crate) fn relaxed(
    network: &Network,
    goal: &ResolvedQuery<'_>,
    measure: Measure,
    last_legs: &[bool],
) -> Bounds {
    let mut bounds = Bounds::unreachable(network.airports().len(), goal.via.sets());
    bounds.at_mut(goal.destination, 0)[0] = 0;
    let mut reached = vec![(goal.destination, 0)];
    for remaining_legs in 1..goal.max_legs {
        let mut next = Vec::new();
        for (airport, remaining_via) in reached {
            let rest = bounds.onward(airport, remaining_via, remaining_legs - 1);
            // Before arriving here, this airport was still a remaining via airport, if it is one at all.
            let remaining_via = goal.via.with(remaining_via, airport);
            for (index, (origin, route)) in network.routes_to(airport).enumerate() {
                if origin == goal.destination
                    || goal.excluded.contains(&origin)
                    || goal.via.has(remaining_via, origin)
                    || (remaining_legs == 1 && !last_legs[index])
                {
                    continue;
                }
                let least = &mut bounds.at_mut(origin, remaining_via)[remaining_legs];
                if *least == UNREACHABLE {
                    next.push((origin, remaining_via));
                }
                *least = (*least).min(least_of(measure, route, goal) + rest);
            }
        }
        reached = next;
    }
    bounds
}

/// The least cost of a route as a remaining_legs leg, with the connection before it.
pub(crate) fn least_of(measure: Measure, route: &Route, goal: &ResolvedQuery<'_>) -> i64 {
    match measure {
        Measure::Price => route.least_price,
        Measure::Time => {
            i64::from(goal.connections.min_seconds()) + i64::from(route.least_duration_s)
        }
    }
}
