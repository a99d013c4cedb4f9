//! Branch and bound: all itineraries in one currency, without those that can't be among the best.

use std::ops::RangeInclusive;

use domain::Amount;

use crate::best::Best;
use crate::bounds::{Bounds, least_cost};
use crate::itinerary::{Legs, MAX_LEGS};
use crate::order::Rank;
use crate::search::Goal;
use crate::timetable::{FlightSlot, Network, Route, Timetable};

/// The search in one network.
pub(crate) struct Branch<'a, F> {
    timetable: &'a Timetable,
    network: &'a Network,
    goal: &'a Goal,
    bounds: Bounds,
    is_open: &'a F,
    best: &'a mut Best,
}

/// The beginning of an itinerary: at least one leg.
struct Partial {
    legs: Legs,
    /// Of its legs together, in minor units. The sum of four amounts is far from overflow.
    price: i64,
    departs_s: u32,
    arrives_s: u32,
    /// Where it has come to.
    airport: u16,
    /// Where it has been before; what is missing to four repeats the source.
    visited: [u16; MAX_LEGS],
}

impl<'a, F: Fn(FlightSlot) -> bool> Branch<'a, F> {
    pub fn new(
        timetable: &'a Timetable,
        network: &'a Network,
        goal: &'a Goal,
        is_open: &'a F,
        best: &'a mut Best,
    ) -> Self {
        Self {
            timetable,
            network,
            goal,
            bounds: Bounds::new(network, goal),
            is_open,
            best,
        }
    }

    /// Offers every itinerary that may be among the best.
    pub fn all(&mut self) {
        for legs in 1..=self.goal.max_legs {
            self.with_further(legs - 1);
        }
    }

    /// Itineraries of a first leg and exactly so many further ones. First legs go by their bound,
    /// so that good itineraries come early, and the first that exceeds the bar ends the round.
    fn with_further(&mut self, further: usize) {
        let mut first_legs = Vec::new();
        for route in self.network.routes_from(self.goal.source) {
            let Some(onward) = self.bounds.onward(route.destination, further) else {
                continue;
            };
            for slot in self.departing(route, &self.goal.day) {
                let first = self.first(slot, route);
                let bound = self.cost(&first) + onward;
                if bound <= self.best.bar() {
                    first_legs.push((bound, slot, route));
                }
            }
        }
        first_legs.sort_unstable_by_key(|(bound, slot, _)| (*bound, *slot));
        for (bound, slot, route) in first_legs {
            if bound > self.best.bar() {
                break;
            }
            if (self.is_open)(slot) {
                self.extend(&self.first(slot, route), further);
            }
        }
    }

    /// Offers all ways to go on by exactly so many further legs.
    fn extend(&mut self, partial: &Partial, further: usize) {
        if further == 0 {
            return self.offer(partial);
        }
        let connections = self.goal.connections;
        let Some(earliest) = partial.arrives_s.checked_add(connections.min_seconds()) else {
            return;
        };
        let latest = partial.arrives_s.saturating_add(connections.max_seconds());
        let cost = self.cost(partial);
        let network = self.network;
        for route in network.routes_from(partial.airport) {
            let Some(onward) = self.bounds.onward(route.destination, further - 1) else {
                continue;
            };
            let least = cost + least_cost(route, self.goal) + onward;
            if least > self.best.bar() || partial.visited.contains(&route.destination) {
                continue;
            }
            for slot in self.departing(route, &(earliest..=latest)) {
                let next = self.then(partial, slot, route);
                if self.cost(&next) + onward <= self.best.bar() && (self.is_open)(slot) {
                    self.extend(&next, further - 1);
                }
            }
        }
    }

    fn offer(&mut self, partial: &Partial) {
        if Amount::from_minor(partial.price).is_err() {
            return;
        }
        let duration_s = i64::from(partial.arrives_s - partial.departs_s);
        let id = |slot: FlightSlot| self.timetable.ids[slot.index()];
        self.best.offer(Rank {
            keys: self.goal.order.keys(partial.price, duration_s),
            departs_s: partial.departs_s,
            ids: partial.legs.padded().map(id),
            legs: partial.legs,
        });
    }

    /// What the bounds count: the order's first key.
    fn cost(&self, partial: &Partial) -> i64 {
        let duration_s = i64::from(partial.arrives_s - partial.departs_s);
        self.goal.order.keys(partial.price, duration_s).0
    }

    /// A route's flights that depart within these seconds, by departure.
    fn departing(
        &self,
        route: &Route,
        seconds: &RangeInclusive<u32>,
    ) -> impl Iterator<Item = FlightSlot> + use<'a, F> {
        let departs_s = &self.timetable.departs_s;
        let (first, last) = (*seconds.start(), *seconds.end());
        let before = departs_s[route.first as usize..route.end as usize]
            .partition_point(|departs_s| *departs_s < first);
        (route.first..route.end)
            .skip(before)
            .map(FlightSlot)
            .take_while(move |slot| departs_s[slot.index()] <= last)
    }

    fn first(&self, slot: FlightSlot, route: &Route) -> Partial {
        Partial {
            legs: Legs::one(slot),
            price: self.timetable.prices[slot.index()].minor(),
            departs_s: self.timetable.departs_s[slot.index()],
            arrives_s: self.timetable.arrives_s[slot.index()],
            airport: route.destination,
            visited: [self.goal.source; MAX_LEGS],
        }
    }

    fn then(&self, partial: &Partial, slot: FlightSlot, route: &Route) -> Partial {
        let mut visited = partial.visited;
        visited[partial.legs.as_slice().len()] = partial.airport;
        Partial {
            legs: partial.legs.then(slot),
            price: partial.price + self.timetable.prices[slot.index()].minor(),
            departs_s: partial.departs_s,
            arrives_s: self.timetable.arrives_s[slot.index()],
            airport: route.destination,
            visited,
        }
    }
}
