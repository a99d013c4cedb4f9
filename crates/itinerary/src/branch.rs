//! Branch and bound over the itineraries of one currency.

use std::sync::Arc;

use domain::{Amount, LEGS_MAX};

use crate::bounds::{Bounds, Measure, UNREACHABLE};
use crate::cursor::SortKey;
use crate::itinerary::LegSlots;
use crate::last_legs::last_legs;
use crate::rank::Rank;
use crate::relaxation::least_of;
use crate::resolved_query::{NO_LIMIT, ResolvedQuery};
use crate::stats::SearchStats;
use crate::timetable::{FlightSlot, Network, Route, Timetable};
use crate::top_k::TopK;
use crate::transposition_table::{State, TranspositionTable};

/// A search that expands more nodes than this starts to fill the transposition table. Most end before, and
/// never allocate it.
const LEARN_AFTER: u64 = 100;

/// The search in one network.
pub(crate) struct Branch<'a, F> {
    timetable: &'a Timetable,
    network: &'a Network,
    goal: &'a ResolvedQuery<'a>,
    is_open: &'a F,
    /// Of the first sort key.
    bounds: Arc<Bounds>,
    /// Of the second sort key, if the query limits it.
    second: Option<Arc<Bounds>>,
    measures: (Measure, Measure),
    transpositions: TranspositionTable,
    best: &'a mut TopK,
    stats: &'a mut SearchStats,
}

/// A partial itinerary: at least one leg.
struct Partial {
    legs: LegSlots,
    /// Sum over the legs, in ten-thousandths. Four amounts can't overflow.
    price: i64,
    departs_s: u32,
    arrives_s: u32,
    /// The airport reached.
    airport: u16,
    /// The airports visited before; unused entries repeat the source.
    visited: [u16; LEGS_MAX],
    /// Remaining via airports, this one excluded.
    remaining_via: usize,
}

/// A route to extend a partial itinerary by.
struct Step<'a> {
    route: &'a Route,
    /// How many legs follow the step.
    remaining_legs: usize,
    /// Via airports remaining after the step.
    remaining_via: usize,
    /// Lower bounds of the cost after the step, by first and second key.
    onward: (i64, i64),
}

impl<'a, F: Fn(FlightSlot) -> bool> Branch<'a, F> {
    /// A search in the network with this index.
    pub fn new(
        timetable: &'a Timetable,
        index: usize,
        goal: &'a ResolvedQuery<'a>,
        is_open: &'a F,
        best: &'a mut TopK,
        stats: &'a mut SearchStats,
    ) -> Self {
        let measures = Measure::of(goal.order);
        let network = &timetable.networks[index];
        let last_legs = last_legs(timetable, network, goal, is_open);
        let bounds = |measure| timetable.bounds(index, goal, measure, &last_legs);
        Self {
            timetable,
            network,
            goal,
            is_open,
            bounds: bounds(measures.0),
            second: (goal.most.1 < NO_LIMIT).then(|| bounds(measures.1)),
            measures,
            transpositions: TranspositionTable::default(),
            best,
            stats,
        }
    }

    /// Offers every itinerary that may be among the best, in rounds by number of legs.
    pub fn all(&mut self) {
        for legs in 1..=self.goal.max_legs {
            self.search_round(legs - 1);
        }
    }

    /// One round: itineraries with exactly `remaining_legs` legs after the first. First legs are tried by their bound,
    /// so that good itineraries come early, and the first that exceeds the cutoff ends the round.
    fn search_round(&mut self, remaining_legs: usize) {
        let mut first_legs = Vec::new();
        for route in self.network.routes_from(self.goal.source) {
            let Some(step) = self.step(route, self.goal.via.all(), remaining_legs) else {
                continue;
            };
            for slot in self.timetable.departing(route, &self.goal.day) {
                let first = self.first(slot, &step);
                let bound = self.keys(&first).0 + step.onward.0;
                if bound <= self.cutoff() {
                    first_legs.push((bound, first));
                }
            }
        }
        first_legs.sort_unstable_by_key(|(bound, first)| (*bound, first.legs));
        for (bound, first) in first_legs {
            if bound > self.cutoff() {
                break;
            }
            let slot = first.legs.first();
            if self.timetable.departs_in_window(self.goal, slot)
                && self.is_admitted(slot, remaining_legs)
            {
                self.extend(&first, remaining_legs);
            }
        }
    }

    /// Offers all extensions by exactly `remaining_legs` legs. Returns a lower bound of their cost after the last leg
    /// of `partial`, for any beginning: pruned branches contribute their bound, infeasible ones don't.
    fn extend(&mut self, partial: &Partial, remaining_legs: usize) -> i64 {
        self.stats.expanded += 1;
        if remaining_legs == 0 {
            self.offer(partial);
            return 0;
        }
        let connections = self.goal.connections;
        let Some(earliest) = partial.arrives_s.checked_add(connections.min_seconds()) else {
            return UNREACHABLE;
        };
        let latest = partial.arrives_s.saturating_add(connections.max_seconds());
        let network = self.network;
        let routes = if remaining_legs == 1 {
            network.routes_between(partial.airport, self.goal.destination)
        } else {
            network.routes_from(partial.airport)
        };
        let cost = self.keys(partial);
        let mut least = UNREACHABLE;
        for route in routes {
            let Some(step) = self.step(route, partial.remaining_via, remaining_legs - 1) else {
                continue;
            };
            let first = least_of(self.measures.0, route, self.goal) + step.onward.0;
            let second = least_of(self.measures.1, route, self.goal) + step.onward.1;
            if cost.0 + first > self.cutoff()
                || cost.1 + second > self.goal.most.1
                || partial.visited.contains(&route.destination)
            {
                least = least.min(first);
                continue;
            }
            for slot in self.timetable.departing(route, &(earliest..=latest)) {
                least = least.min(self.extend_by(partial, slot, &step));
            }
        }
        least
    }

    /// Extends by one flight. Returns a lower bound of its cost and all that follows, as [`Self::extend`] does.
    fn extend_by(&mut self, partial: &Partial, slot: FlightSlot, step: &Step<'_>) -> i64 {
        let state = State {
            slot,
            remaining_legs: step.remaining_legs,
            remaining_via: step.remaining_via,
        };
        let onward = match self.transpositions.get(state) {
            Some(learned) if step.remaining_legs > 0 => step.onward.0.max(learned),
            _ => step.onward.0,
        };
        let next = self.then(partial, slot, step);
        let (so_far, cost) = (self.keys(partial).0, self.keys(&next));
        let leg = cost.0 - so_far;
        if cost.0 + onward > self.cutoff() || cost.1 + step.onward.1 > self.goal.most.1 {
            return leg + onward;
        }
        if !self.is_admitted(slot, step.remaining_legs) {
            return UNREACHABLE;
        }
        let found = self.extend(&next, step.remaining_legs);
        if step.remaining_legs > 0 && self.stats.expanded > LEARN_AFTER {
            self.transpositions.learn(state, found);
        }
        leg + found
    }

    /// The step by a route; `None` if the destination can't be reached behind it.
    fn step<'r>(
        &self,
        route: &'r Route,
        remaining_via: usize,
        remaining_legs: usize,
    ) -> Option<Step<'r>> {
        let remaining_via = self.goal.via.without(remaining_via, route.destination);
        let first = self
            .bounds
            .onward(route.destination, remaining_via, remaining_legs);
        let second = match &self.second {
            Some(bounds) => bounds.onward(route.destination, remaining_via, remaining_legs),
            None => 0,
        };
        (first < UNREACHABLE).then_some(Step {
            route,
            remaining_legs,
            remaining_via,
            onward: (first, second),
        })
    }

    /// Whether a flight may be a leg that `remaining_legs` legs follow.
    fn is_admitted(&self, slot: FlightSlot, remaining_legs: usize) -> bool {
        let airline = self.timetable.airlines[slot.index()];
        self.goal.admits_airline(airline)
            && (remaining_legs > 0 || self.timetable.arrives_in_window(self.goal, slot))
            && (self.is_open)(slot)
    }

    fn offer(&mut self, partial: &Partial) {
        let main = self.keys(partial);
        if Amount::from_ten_thousandths(partial.price).is_err()
            || main.0 > self.goal.most.0
            || main.1 > self.goal.most.1
        {
            return;
        }
        let id = |slot: FlightSlot| self.timetable.ids[slot.index()];
        let departs_at = self.timetable.instant(partial.departs_s);
        let keys = SortKey {
            main,
            departs_s: departs_at.as_second(),
            ids: partial.legs.padded().map(id),
        };
        if self.goal.after.is_none_or(|after| after < keys) {
            self.best.offer(Rank {
                keys,
                legs: partial.legs,
            });
        }
    }

    /// The largest first key that can still be among the best.
    fn cutoff(&self) -> i64 {
        match self.best.cutoff() {
            Some(cutoff) => cutoff.min(self.goal.most.0),
            None => self.goal.most.0,
        }
    }

    /// The sort keys so far.
    fn keys(&self, partial: &Partial) -> (i64, i64) {
        let duration_s = i64::from(partial.arrives_s - partial.departs_s);
        self.goal.order.keys(partial.price, duration_s)
    }

    fn first(&self, slot: FlightSlot, step: &Step<'_>) -> Partial {
        Partial {
            legs: LegSlots::one(slot),
            price: self.timetable.prices[slot.index()].ten_thousandths(),
            departs_s: self.timetable.departs_s[slot.index()],
            arrives_s: self.timetable.arrives_s[slot.index()],
            airport: step.route.destination,
            visited: [self.goal.source; LEGS_MAX],
            remaining_via: step.remaining_via,
        }
    }

    fn then(&self, partial: &Partial, slot: FlightSlot, step: &Step<'_>) -> Partial {
        let mut visited = partial.visited;
        visited[partial.legs.as_slice().len()] = partial.airport;
        Partial {
            legs: partial.legs.then(slot),
            price: partial.price + self.timetable.prices[slot.index()].ten_thousandths(),
            departs_s: partial.departs_s,
            arrives_s: self.timetable.arrives_s[slot.index()],
            airport: step.route.destination,
            visited,
            remaining_via: step.remaining_via,
        }
    }
}
