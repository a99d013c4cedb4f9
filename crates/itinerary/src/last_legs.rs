//! Which routes to the destination have a usable last leg.
//!
//! If the last flights to a destination are sold out, closed, of another airline or at the wrong time of day,
//! bounds over all flights would promise paths that don't exist, and a search that never fills its heap has
//! nothing else to prune by.

use domain::LEGS_MAX;

use crate::resolved_query::ResolvedQuery;
use crate::timetable::{FlightSlot, Network, Timetable};

/// Whether a flight can be the last leg, regardless of the legs before it.
pub(crate) fn is_last_leg(
    timetable: &Timetable,
    goal: &ResolvedQuery<'_>,
    is_open: &impl Fn(FlightSlot) -> bool,
    slot: FlightSlot,
) -> bool {
    goal.admits_airline(timetable.airlines[slot.index()])
        && timetable.arrives_in_window(goal, slot)
        && is_open(slot)
}

/// For each route to the destination, in the network's order, whether any of its flights can be the last leg.
pub(crate) fn last_legs(
    timetable: &Timetable,
    network: &Network,
    goal: &ResolvedQuery<'_>,
    is_open: &impl Fn(FlightSlot) -> bool,
) -> Vec<bool> {
    // Longest time from one departure to the next: a flight and a connection.
    let before = timetable
        .longest_flight_s
        .saturating_add(goal.connections.max_seconds());
    let latest = (1..LEGS_MAX).fold(*goal.day.end(), |at, _| at.saturating_add(before));
    let seconds = *goal.day.start()..=latest;
    let routes = network.routes_to(goal.destination);
    let is_any_last = routes.map(|(_, route)| {
        let mut flights = timetable.departing(route, &seconds);
        flights.any(|slot| is_last_leg(timetable, goal, is_open, slot))
    });
    is_any_last.collect()
}
