//! The timetable: all flights in compact columns, grouped by route.
//!
//! Immutable. A changed schedule is a new timetable, built aside and swapped in.

use std::ops::{Range, RangeInclusive};

use domain::sale_rules::itinerary::Leg;
use domain::{AirlineCode, AirportCode, Amount, Currency, FlightId, Money};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::shared_bounds::SharedBounds;

/// An airport of the timetable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Airport {
    /// IATA code.
    pub code: AirportCode,
    /// Its local time decides what a date means there.
    pub time_zone: TimeZone,
}

/// One departure of one aircraft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flight {
    /// Unique within the timetable.
    pub id: FlightId,
    /// Departure airport.
    pub source: AirportCode,
    /// Arrival airport; differs from the source.
    pub destination: AirportCode,
    /// Departure, a whole second.
    pub departs_at: Timestamp,
    /// Arrival, a whole second after the departure.
    pub arrives_at: Timestamp,
    /// The price of one seat.
    pub price: Money,
    /// The airline that flies it.
    pub airline: AirlineCode,
}

impl Flight {
    /// The flight as a leg of an itinerary.
    #[must_use]
    pub fn leg(&self) -> Leg {
        Leg {
            flight: self.id,
            source: self.source,
            destination: self.destination,
            departs_at: self.departs_at,
            arrives_at: self.arrives_at,
            currency: self.price.currency(),
        }
    }
}

/// A flight's index in one [`Timetable`], below [`Timetable::len`].
///
/// Meaningless in another timetable; whatever outlives one keeps the [`FlightId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlightSlot(pub(crate) u32);

impl FlightSlot {
    /// An index into a list with one entry per flight.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// All flights of one currency between two airports: a contiguous range of slots, sorted by departure, then id.
#[derive(Debug)]
pub(crate) struct Route {
    /// In ten-thousandths.
    pub least_price: i64,
    /// In seconds.
    pub least_duration_s: u32,
    /// The first flight's slot.
    pub first: u32,
    /// One past the last flight's slot.
    pub end: u32,
    /// Index of the arrival airport.
    pub destination: u16,
}

/// The routes of one currency. An itinerary has one currency, so it stays within one network.
#[derive(Debug)]
pub(crate) struct Network {
    pub currency: Currency,
    /// Sorted by origin, then destination.
    pub routes: Vec<Route>,
    /// By airport, the index of its first route; one more entry for the end.
    pub first_route: Vec<u32>,
    /// Origin and index of each route, sorted by destination.
    pub arriving: Vec<(u16, u32)>,
    /// By airport, where its part of `arriving` begins; one more entry for the end.
    pub first_arriving: Vec<u32>,
}

impl Network {
    /// All airport indexes.
    pub fn airports(&self) -> Range<u16> {
        // At most 65,535 airports by construction, so the default is never used.
        0..u16::try_from(self.first_route.len() - 1).unwrap_or(u16::MAX)
    }

    /// Routes from an airport, sorted by destination.
    pub fn routes_from(&self, airport: u16) -> &[Route] {
        let airport = usize::from(airport);
        &self.routes[self.first_route[airport] as usize..self.first_route[airport + 1] as usize]
    }

    /// Routes to an airport, each with its origin.
    pub fn routes_to(&self, airport: u16) -> impl Iterator<Item = (u16, &Route)> {
        let airport = usize::from(airport);
        let part = self.first_arriving[airport] as usize..self.first_arriving[airport + 1] as usize;
        self.arriving[part]
            .iter()
            .map(|(origin, route)| (*origin, &self.routes[*route as usize]))
    }

    /// The route between two airports: a slice of one, or empty.
    pub fn routes_between(&self, from: u16, to: u16) -> &[Route] {
        let routes = self.routes_from(from);
        let first = routes.partition_point(|route| route.destination < to);
        let count = usize::from(
            routes
                .get(first)
                .is_some_and(|route| route.destination == to),
        );
        &routes[first..first + count]
    }
}

/// Airports and flights in memory, indexed for search.
///
/// Flights are sorted by currency, source, destination, departure and id, so that a route's flights are
/// contiguous. Times are whole seconds since the first departure.
#[derive(Debug)]
pub struct Timetable {
    /// Sorted by code.
    pub(crate) airports: Vec<Airport>,
    /// Sorted by currency; their routes' slots are contiguous.
    pub(crate) networks: Vec<Network>,
    /// Second 0: the first departure.
    pub(crate) epoch: Timestamp,
    pub(crate) departs_s: Vec<u32>,
    pub(crate) arrives_s: Vec<u32>,
    pub(crate) prices: Vec<Amount>,
    pub(crate) ids: Vec<FlightId>,
    /// Indexes into `airline_codes`.
    pub(crate) airlines: Vec<u16>,
    /// Sorted and distinct.
    pub(crate) airline_codes: Vec<AirlineCode>,
    /// A cache that searches fill; not part of the timetable.
    pub(crate) shared_bounds: SharedBounds,
    /// Longest flight time, in seconds.
    pub(crate) longest_flight_s: u32,
    /// All slots, sorted by flight id.
    pub(crate) by_id: Vec<FlightSlot>,
}

impl Timetable {
    /// How many flights there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are no flights.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// All airports, sorted by code.
    #[must_use]
    pub fn airports(&self) -> &[Airport] {
        &self.airports
    }

    /// `None` if no airport has this code.
    #[must_use]
    pub fn airport(&self, code: AirportCode) -> Option<&Airport> {
        let index = self.airport_index(code)?;
        self.airports.get(usize::from(index))
    }

    /// `None` if no flight has this id.
    #[must_use]
    pub fn slot_of(&self, id: FlightId) -> Option<FlightSlot> {
        self.by_id
            .binary_search_by_key(&id, |slot| self.ids[slot.index()])
            .ok()
            .map(|position| self.by_id[position])
    }

    /// The flight in a slot.
    ///
    /// # Panics
    /// If the slot is from a larger timetable.
    #[must_use]
    pub fn flight(&self, slot: FlightSlot) -> Flight {
        let (network, route) = self.network_and_route(slot);
        let origin = network
            .first_route
            .partition_point(|first| *first as usize <= route)
            - 1;
        let index = slot.index();
        Flight {
            id: self.ids[index],
            source: self.airports[origin].code,
            destination: self.airports[usize::from(network.routes[route].destination)].code,
            departs_at: self.instant(self.departs_s[index]),
            arrives_at: self.instant(self.arrives_s[index]),
            // The price was valid on the way in, so the default is never used.
            price: Money::new(self.prices[index], network.currency)
                .unwrap_or(Money::zero(network.currency)),
            airline: self.airline_codes[usize::from(self.airlines[index])],
        }
    }

    /// The departure of a flight; cheaper than [`Self::flight`].
    ///
    /// # Panics
    /// If the slot is from a larger timetable.
    #[must_use]
    pub fn departs_at(&self, slot: FlightSlot) -> Timestamp {
        self.instant(self.departs_s[slot.index()])
    }

    /// All flights in slot order.
    pub fn flights(&self) -> impl Iterator<Item = (FlightSlot, Flight)> + '_ {
        (0..)
            .map(FlightSlot)
            .take(self.len())
            .map(|slot| (slot, self.flight(slot)))
    }

    /// Heap memory in bytes, without the time zone rules, which are shared.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let networks = self.networks.iter().map(|network| {
            size_of_val(network.routes.as_slice())
                + size_of_val(network.first_route.as_slice())
                + size_of_val(network.arriving.as_slice())
                + size_of_val(network.first_arriving.as_slice())
        });
        size_of_val(self.airports.as_slice())
            + size_of_val(self.networks.as_slice())
            + networks.sum::<usize>()
            + size_of_val(self.departs_s.as_slice())
            + size_of_val(self.arrives_s.as_slice())
            + size_of_val(self.prices.as_slice())
            + size_of_val(self.ids.as_slice())
            + size_of_val(self.airlines.as_slice())
            + size_of_val(self.airline_codes.as_slice())
            + size_of_val(self.by_id.as_slice())
            + self.shared_bounds.memory_bytes()
    }

    /// The index in `airports`.
    pub(crate) fn airport_index(&self, code: AirportCode) -> Option<u16> {
        let index = self
            .airports
            .binary_search_by_key(&code, |airport| airport.code);
        index.ok().and_then(|index| u16::try_from(index).ok())
    }

    /// The moment this many seconds after the epoch.
    pub(crate) fn instant(&self, seconds: u32) -> Timestamp {
        // The columns were made from timestamps, so the default is never used.
        Timestamp::from_second(self.epoch.as_second() + i64::from(seconds))
            .unwrap_or(Timestamp::MAX)
    }

    /// A route's flights that depart within these seconds, by departure (binary search).
    pub(crate) fn departing<'a>(
        &'a self,
        route: &Route,
        seconds: &RangeInclusive<u32>,
    ) -> impl Iterator<Item = FlightSlot> + use<'a> {
        let departs_s = &self.departs_s;
        let (first, last) = (*seconds.start(), *seconds.end());
        let before = departs_s[route.first as usize..route.end as usize]
            .partition_point(|departs_s| *departs_s < first);
        (route.first..route.end)
            .skip(before)
            .map(FlightSlot)
            .take_while(move |slot| departs_s[slot.index()] <= last)
    }

    fn network_and_route(&self, slot: FlightSlot) -> (&Network, usize) {
        let begins = |route: &Route| route.first <= slot.0;
        let network = self
            .networks
            .partition_point(|network| network.routes.first().is_some_and(begins))
            - 1;
        let network = &self.networks[network];
        (network, network.routes.partition_point(begins) - 1)
    }
}
