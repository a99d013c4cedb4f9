//! The entry point: one branch and bound per currency, and the best of all.

use std::sync::Arc;

use domain::sale_rules::itinerary::{self as rules, ConnectionWindow};
use domain::{Amount, LEGS_MAX, Money, SearchOrder};
use jiff::civil::Date;

use crate::bounds::{Bounds, Measure};
use crate::branch::Branch;
use crate::itinerary::{Itinerary, LegSlots};
use crate::query::{Query, SearchError};
use crate::relaxation::relaxed;
use crate::resolved_query::ResolvedQuery;
use crate::shared_bounds::SharedKey;
use crate::stats::SearchStats;
use crate::timetable::{FlightSlot, Timetable};
use crate::top_k::TopK;

impl Timetable {
    /// The best itineraries in order, at most [`Query::limit`].
    ///
    /// The answer is exact: the first of all itineraries in the total order of [`Query::order`], or those after
    /// [`Query::after`]. [`rules::check`] defines what an itinerary is; a property test compares the two. So an
    /// itinerary
    ///
    /// - goes from source to destination with at most [`Query::max_stops`] stops, and visits no airport twice;
    /// - departs on [`Query::date`], local to the source. A local day lasts from its first moment to that of
    ///   the next, so it has 23 or 25 hours when the clocks change;
    /// - connects at the same airport, within [`Query::connections`];
    /// - has one currency, and a price within the range of [`Amount`];
    /// - satisfies [`Query::filters`];
    /// - has only legs for which `is_open` is true. It may be called more than once for a leg, and is not
    ///   called for flights that can't matter.
    ///
    /// The answer is empty if nothing departs that day. It may mix currencies, since prices compare as amounts.
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

    /// [`Self::search`] with statistics.
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

    /// The cheapest itinerary of each day, `None` without one, for a fare calendar. Lazy: each day is searched
    /// when the iterator reaches it. The query's date, order, limit and cursor are ignored.
    ///
    /// # Errors
    /// As for [`Self::search`], on each day alike.
    /// As for [`Self::search`], for every day alike.
    pub fn cheapest_of_days(
        &self,
        query: &Query,
        days: impl IntoIterator<Item = Date>,
        is_open: impl Fn(FlightSlot) -> bool,
    ) -> impl Iterator<Item = Result<(Date, Option<Itinerary>), SearchError>> {
        let mut query = Query {
            order: SearchOrder::Cheapest,
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

    /// The itinerary of these legs; `None` if the rules do not allow it.
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
            .fold(LegSlots::one(*first), |legs, slot| legs.then(*slot));
        Some(self.itinerary(legs))
    }

    /// The bounds for a query in one network: from the shared cache, unless filters make them specific to the
    /// query.
    pub(crate) fn bounds(
        &self,
        network: usize,
        goal: &ResolvedQuery<'_>,
        measure: Measure,
        last_legs: &[bool],
    ) -> Arc<Bounds> {
        let make = || relaxed(&self.networks[network], goal, measure, last_legs);
        if goal.via.sets() > 1 || !goal.excluded.is_empty() || goal.max_legs < LEGS_MAX {
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

    fn itinerary(&self, legs: LegSlots) -> Itinerary {
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
            // Prices out of range were left out, so the default is never used.
            price: price.unwrap_or(Money::zero(currency)),
            departs_at: self.departs_at(first),
            arrives_at: self.instant(self.arrives_s[last.index()]),
        }
    }
}
