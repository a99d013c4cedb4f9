//! All itineraries, enumerated from the definition: no bounds, no columns, no order of routes.

use std::collections::HashMap;

use domain::{AirportCode, Currency, FlightId};
use itinerary::{Airport, ConnectionWindow, Flight, FlightSlot, Order, Query, Timetable};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// An itinerary in terms that any implementation can be compared in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub ids: Vec<FlightId>,
    pub minor: i128,
    pub currency: Currency,
    pub departs_at: Timestamp,
    pub arrives_at: Timestamp,
}

/// A schedule as the oracle reads it.
pub struct Oracle {
    zones: HashMap<AirportCode, TimeZone>,
    /// By source; each list by departure.
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

    /// Every itinerary that a query admits, whatever its order and limit, in no order.
    pub fn all(&self, query: &Query, is_open: &dyn Fn(FlightId) -> bool) -> Vec<Found> {
        let mut found = Vec::new();
        let zone = &self.zones[&query.source];
        for first in self.departures.get(&query.source).into_iter().flatten() {
            if first.departs_at.to_zoned(zone.clone()).date() == query.date && is_open(first.id) {
                self.go_on(query, is_open, &mut vec![*first], &mut found);
            }
        }
        found
    }

    /// The answer to a query, from its enumeration.
    pub fn answer(mut all: Vec<Found>, query: &Query) -> Vec<Found> {
        all.sort_by_cached_key(|one| {
            let duration = i128::from(one.arrives_at.as_second() - one.departs_at.as_second());
            let (first, second) = match query.order {
                Order::Cheapest => (one.minor, duration),
                Order::Fastest => (duration, one.minor),
            };
            (first, second, one.departs_at, one.ids.clone())
        });
        all.truncate(query.limit);
        all
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
            let minor = legs
                .iter()
                .map(|leg| i128::from(leg.price.amount.minor()))
                .sum();
            if (-1_000_000_000_000..=1_000_000_000_000).contains(&minor) {
                found.push(Found {
                    ids: legs.iter().map(|leg| leg.id).collect(),
                    minor,
                    currency: last.price.currency,
                    departs_at: legs[0].departs_at,
                    arrives_at: last.arrives_at,
                });
            }
            return;
        }
        if legs.len() > usize::from(query.max_stops) {
            return;
        }
        let (min, max) = window(query.connections);
        let Some(departures) = self.departures.get(&last.destination) else {
            return;
        };
        let soonest = departures
            .partition_point(|next| next.departs_at.duration_since(last.arrives_at) < min);
        for next in &departures[soonest..] {
            if next.departs_at.duration_since(last.arrives_at) > max {
                break;
            }
            let visited = |airport| legs.iter().any(|leg| leg.source == airport);
            if next.price.currency == last.price.currency
                && !visited(next.destination)
                && is_open(next.id)
            {
                legs.push(*next);
                self.go_on(query, is_open, legs, found);
                legs.pop();
            }
        }
    }
}

fn window(connections: ConnectionWindow) -> (SignedDuration, SignedDuration) {
    let seconds = |seconds| SignedDuration::from_secs(i64::from(seconds));
    (
        seconds(connections.min_seconds()),
        seconds(connections.max_seconds()),
    )
}

/// What the search answers, in the oracle's terms. Checks on the way that an itinerary's own times
/// and price are those of its legs.
pub fn searched(
    timetable: &Timetable,
    query: &Query,
    is_open: &dyn Fn(FlightId) -> bool,
) -> Vec<Found> {
    let is_open = |slot: FlightSlot| is_open(timetable.flight(slot).id);
    let answer = timetable.search(query, is_open).unwrap();
    answer
        .iter()
        .map(|itinerary| {
            let leg = |slot: &FlightSlot| timetable.flight(*slot);
            let legs: Vec<Flight> = itinerary.legs().iter().map(leg).collect();
            assert_eq!(itinerary.stops(), legs.len() - 1);
            assert_eq!(itinerary.departs_at, legs[0].departs_at);
            assert_eq!(itinerary.arrives_at, legs[legs.len() - 1].arrives_at);
            let duration = itinerary.arrives_at.duration_since(itinerary.departs_at);
            assert_eq!(itinerary.duration_seconds(), duration.as_secs());
            Found {
                ids: legs.iter().map(|leg| leg.id).collect(),
                minor: i128::from(itinerary.price.amount.minor()),
                currency: itinerary.price.currency,
                departs_at: itinerary.departs_at,
                arrives_at: itinerary.arrives_at,
            }
        })
        .collect()
}
