//! From a query to an answer: a branch and bound for each currency, and the best of all.

use std::sync::Arc;

use domain::sale_rules::itinerary::{self as rules, ConnectionWindow, MAX_LEGS};
use domain::{Amount, Money};
use jiff::civil::Date;

use crate::bounds::{Bounds, Measure};
use crate::branch::Branch;
use crate::itinerary::{Itinerary, Legs};
use crate::order::Order;
use crate::query::{Query, SearchError};
use crate::resolved_query::ResolvedQuery;
use crate::shared_bounds::SharedKey;
use crate::timetable::{FlightSlot, Timetable};
use crate::top_k::TopK;

/// How much a search had to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SearchStats {
    /// How many beginnings of itineraries were looked at, whole ones included.
    pub expanded: u64,
}

impl Timetable {
    /// The best itineraries, best first, at most [`Query::limit`] of them.
    ///
    /// The answer is exact: the first of all itineraries in the total order of [`Query::order`], or
    /// those that follow [`Query::after`]. An itinerary is one by [`rules::check`], which a test compares
    /// with what is found. So it
    ///
    /// - goes from the source to the destination with at most [`Query::max_stops`] stops, and comes
    ///   to no airport twice;
    /// - departs on [`Query::date`], local to the source. A local day lasts from its first moment
    ///   to that of the next, so it has 23 or 25 hours when the clocks change;
    /// - connects at the same airport, within [`Query::connections`];
    /// - has one currency, and a price that [`Amount`] can hold;
    /// - is as [`Query::filters`] say;
    /// - has only legs of which `is_open` says true. It may be asked more than once for a leg, and
    ///   is not asked for flights that can't matter.
    ///
    /// A date without departures has an empty answer. An answer may hold several currencies, since
    /// prices compare as amounts.
    ///
    /// # Errors
    /// When an airport is unknown, both are the same, or the query contradicts itself otherwise.
    pub fn search(
        &self,
        query: &Query,
        is_open: impl Fn(FlightSlot) -> bool,
    ) -> Result<Vec<Itinerary>, SearchError> {
        self.search_and_count(query, is_open)
            .map(|(itineraries, _)| itineraries)
    }

    /// The same as [`Self::search`], and how much it had to do.
    ///
    /// # Errors
    /// As for [`Self::search`].
    pub fn search_and_count(
        &self,
        query: &Query,
        is_open: impl Fn(FlightSlot) -> bool,
    ) -> Result<(Vec<Itinerary>, SearchStats), SearchError> {
        let mut stats = SearchStats::default();
        let Some(goal) = self.goal(query)? else {
            return Ok((Vec::new(), stats));
        };
        let mut best = TopK::new(query.limit);
        for network in 0..self.networks.len() {
            Branch::new(self, network, &goal, &is_open, &mut best, &mut stats).all();
        }
        let ranks = best.into_sorted();
        let itineraries = ranks.iter().map(|rank| self.itinerary(rank.legs));
        Ok((itineraries.collect(), stats))
    }

    /// The cheapest itinerary of each day, departing on it, or none where there is none; each is searched
    /// when it is asked for. Date, order, limit and place of the query do not matter.
    ///
    /// # Errors
    /// As for [`Self::search`], for every day alike.
    pub fn cheapest_of_days(
        &self,
        query: &Query,
        days: impl IntoIterator<Item = Date>,
        is_open: impl Fn(FlightSlot) -> bool,
    ) -> impl Iterator<Item = Result<(Date, Option<Itinerary>), SearchError>> {
        let mut query = Query {
            order: Order::Cheapest,
            limit: 1,
            after: None,
            ..query.clone()
        };
        days.into_iter().map(move |date| {
            query.date = date;
            let found = self.search(&query, &is_open)?;
            Ok((date, found.first().copied()))
        })
    }

    /// The itinerary of these flights, if they are one.
    #[must_use]
    pub fn itinerary_of(
        &self,
        slots: &[FlightSlot],
        connections: ConnectionWindow,
    ) -> Option<Itinerary> {
        let (first, rest) = slots.split_first()?;
        let legs: Vec<rules::Leg> = slots.iter().map(|slot| self.flight(*slot).leg()).collect();
        rules::check(&legs, connections).ok()?;
        let legs = rest
            .iter()
            .fold(Legs::one(*first), |legs, slot| legs.then(*slot));
        Some(self.itinerary(legs))
    }

    /// Bounds for a goal in the network of this index: shared, unless only this goal has them.
    pub(crate) fn bounds(
        &self,
        network: usize,
        goal: &ResolvedQuery<'_>,
        measure: Measure,
        last_legs: &[bool],
    ) -> Arc<Bounds> {
        let make = || Bounds::new(&self.networks[network], goal, measure, last_legs);
        if goal.via.sets() > 1 || !goal.excluded.is_empty() || goal.max_legs < MAX_LEGS {
            return Arc::new(make());
        }
        let key = SharedKey {
            network,
            destination: goal.destination,
            measure,
            min_connection_s: goal.connections.min_seconds(),
            last_legs: last_legs.to_vec(),
        };
        self.shared_bounds.get_or_make(key, make)
    }

    fn itinerary(&self, legs: Legs) -> Itinerary {
        let slots = legs.as_slice();
        let (first, last) = (legs.first(), legs.last());
        let prices = slots
            .iter()
            .map(|slot| self.prices[slot.index()].ten_thousandths());
        let currency = self.flight(first).price.currency();
        let price = Amount::from_ten_thousandths(prices.sum())
            .and_then(|amount| Money::new(amount, currency));
        Itinerary {
            legs,
            // What no amount can hold was left out, so this never takes the default.
            price: price.unwrap_or(Money::zero(currency)),
            departs_at: self.departs_at(first),
            arrives_at: self.instant(self.arrives_s[last.index()]),
        }
    }
}
