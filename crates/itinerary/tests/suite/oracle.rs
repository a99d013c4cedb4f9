//! A brute-force oracle: enumerates all itineraries from the definition, without bounds, columns or an order of
//! routes.

use std::collections::HashMap;

use domain::{AirportCode, Currency, FlightId};
use itinerary::{
    Airport, Flight, FlightSlot, Itinerary, Query, SearchOrder, TimeWindow, Timetable,
};
use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

/// An itinerary in a form that any implementation can be compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub ids: Vec<FlightId>,
    pub price: i128,
    pub currency: Currency,
    pub departs_at: Timestamp,
    pub arrives_at: Timestamp,
}

/// A schedule for the oracle.
pub struct Oracle {
    zones: HashMap<AirportCode, TimeZone>,
    /// By source; each list sorted by departure.
    departures: HashMap<AirportCode, Vec<Flight>>,
}

impl Oracle {
    pub fn new(airports: &[Airport], flights: &[Flight]) -> Self {
        let zone = |airport: &Airport| (airport.code, airport.time_zone.clone());
        let mut departures: HashMap<AirportCode, Vec<Flight>> = HashMap::new();
        for flight in flights {
            departures.entry(flight.source).or_default().push(*flight);
        }
        for flights in departures.values_mut() {
            flights.sort_by_key(|flight| flight.departs_at);
        }
        Self {
            zones: airports.iter().map(zone).collect(),
            departures,
        }
    }

    /// Every itinerary that satisfies the query, ignoring its order and limit; unsorted.
    pub fn all(&self, query: &Query, is_open: &dyn Fn(FlightId) -> bool) -> Vec<Found> {
        let mut found = Vec::new();
        let zone = &self.zones[&query.source];
        for first in self.departures.get(&query.source).into_iter().flatten() {
            let local = first.departs_at.to_zoned(zone.clone());
            let in_window = is_within(query.filters.departure, local.time());
            if local.date() == query.date && in_window && may_be_leg(query, first, is_open) {
                self.go_on(query, is_open, &mut vec![*first], &mut found);
            }
        }
        found
    }

    /// The query's answer, from its enumeration.
    pub fn answer(mut all: Vec<Found>, query: &Query) -> Vec<Found> {
        Self::sort(&mut all, query.order);
        all.truncate(query.limit);
        all
    }

    /// Sorts an enumeration by the total order.
    pub fn sort(all: &mut [Found], order: SearchOrder) {
        let keys = |one: &Found| {
            let duration = i128::from(one.arrives_at.as_second() - one.departs_at.as_second());
            match order {
                SearchOrder::Cheapest => (one.price, duration, one.departs_at),
                SearchOrder::Fastest => (duration, one.price, one.departs_at),
            }
        };
        all.sort_unstable_by(|one, other| {
            let by_keys = keys(one).cmp(&keys(other));
            by_keys.then_with(|| one.ids.cmp(&other.ids))
        });
    }

    /// Whether a complete itinerary satisfies the filters.
    fn is_admitted(&self, query: &Query, legs: &[Flight], price: i128) -> bool {
        let filters = &query.filters;
        let (first, last) = (&legs[0], &legs[legs.len() - 1]);
        let seconds = last.arrives_at.duration_since(first.departs_at).as_secs();
        let local = last
            .arrives_at
            .to_zoned(self.zones[&last.destination].clone());
        let changes: Vec<AirportCode> = legs[1..].iter().map(|leg| leg.source).collect();
        filters
            .max_price
            .is_none_or(|most| price <= i128::from(most.ten_thousandths()))
            && filters
                .max_duration_s
                .is_none_or(|most| seconds <= i64::from(most))
            && is_within(filters.arrival, local.time())
            && filters.via.iter().all(|via| changes.contains(via))
            && !filters
                .exclude
                .iter()
                .any(|excluded| changes.contains(excluded))
    }

    fn go_on(
        &self,
        query: &Query,
        is_open: &dyn Fn(FlightId) -> bool,
        legs: &mut Vec<Flight>,
        found: &mut Vec<Found>,
    ) {
        let last = legs[legs.len() - 1];
        if last.destination == query.destination {
            let price = legs
                .iter()
                .map(|leg| i128::from(leg.price.amount().ten_thousandths()))
                .sum();
            if (-100_000_000_000_000..=100_000_000_000_000).contains(&price)
                && self.is_admitted(query, legs, price)
            {
                found.push(Found {
                    ids: legs.iter().map(|leg| leg.id).collect(),
                    price,
                    currency: last.price.currency(),
                    departs_at: legs[0].departs_at,
                    arrives_at: last.arrives_at,
                });
            }
            return;
        }
        if legs.len() > usize::from(query.max_stops) {
            return;
        }
        let connection =
            i64::from(query.connections.min_seconds())..=i64::from(query.connections.max_seconds());
        let waits_s = |next: &Flight| next.departs_at.as_second() - last.arrives_at.as_second();
        let Some(departures) = self.departures.get(&last.destination) else {
            return;
        };
        let soonest = departures.partition_point(|next| waits_s(next) < *connection.start());
        for next in &departures[soonest..] {
            if waits_s(next) > *connection.end() {
                break;
            }
            let visited = |airport| legs.iter().any(|leg| leg.source == airport);
            if next.price.currency() == last.price.currency()
                && !visited(next.destination)
                && may_be_leg(query, next, is_open)
            {
                legs.push(*next);
                self.go_on(query, is_open, legs, found);
                legs.pop();
            }
        }
    }
}

/// Whether a flight may be any leg.
fn may_be_leg(query: &Query, flight: &Flight, is_open: &dyn Fn(FlightId) -> bool) -> bool {
    let airlines = &query.filters.airlines;
    is_open(flight.id) && (airlines.is_empty() || airlines.contains(&flight.airline))
}

/// Whether a time of day is in the window, if there is one.
fn is_within(window: Option<TimeWindow>, time: Time) -> bool {
    let Some(window) = window else {
        return true;
    };
    let text = window.to_string();
    let (from, to) = text.split_once('-').unwrap();
    let (from, to): (Time, Time) = (from.parse().unwrap(), to.parse().unwrap());
    if from <= to {
        from <= time && time <= to
    } else {
        time >= from || time <= to
    }
}

/// The search's answer in the oracle's form. Also checks that each itinerary's times and price are those of its
/// legs.
pub fn searched(
    timetable: &Timetable,
    query: &Query,
    is_open: &dyn Fn(FlightId) -> bool,
) -> Vec<Found> {
    let is_open = |slot: FlightSlot| is_open(timetable.flight(slot).id);
    let answer = timetable.search(query, is_open).unwrap();
    answer
        .iter()
        .map(|itinerary| Found::of(timetable, itinerary))
        .collect()
}

impl Found {
    pub fn of(timetable: &Timetable, itinerary: &Itinerary) -> Self {
        let leg = |slot: &FlightSlot| timetable.flight(*slot);
        let legs: Vec<Flight> = itinerary.legs().iter().map(leg).collect();
        assert_eq!(itinerary.stops(), legs.len() - 1);
        assert_eq!(itinerary.departs_at, legs[0].departs_at);
        assert_eq!(itinerary.arrives_at, legs[legs.len() - 1].arrives_at);
        let duration = itinerary.arrives_at.duration_since(itinerary.departs_at);
        assert_eq!(itinerary.duration_seconds(), duration.as_secs());
        Self {
            ids: legs.iter().map(|leg| leg.id).collect(),
            price: i128::from(itinerary.price.amount().ten_thousandths()),
            currency: itinerary.price.currency(),
            departs_at: itinerary.departs_at,
            arrives_at: itinerary.arrives_at,
        }
    }
}
