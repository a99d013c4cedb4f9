//! A validated query, in indexes and seconds of the timetable.

use std::ops::RangeInclusive;

use domain::sale_rules::itinerary::ConnectionWindow;
use domain::{AirportCode, Amount, SearchOrder};
use jiff::Timestamp;
use jiff::civil::{Date, Time};

use crate::cursor::SortKey;
use crate::filters::{LocalWindow, TimeWindow};
use crate::query::{MAX_STOPS, Query, SearchError};
use crate::timetable::{FlightSlot, Timetable};

/// More than any sum of prices or times, and less than [`crate::bounds::UNREACHABLE`].
pub(crate) const NO_LIMIT: i64 = 1 << 60;

/// A validated query. Airports are indexes; times are seconds since the timetable's epoch.
pub(crate) struct ResolvedQuery<'a> {
    pub source: u16,
    pub destination: u16,
    /// When the first leg may depart: the local day.
    pub day: RangeInclusive<u32>,
    pub order: SearchOrder,
    /// Most legs: 1 to 4.
    pub max_legs: usize,
    pub connections: ConnectionWindow,
    /// Limits of the two sort keys, in the query's order.
    pub most: (i64, i64),
    pub departure: Option<LocalWindow<'a>>,
    pub arrival: Option<LocalWindow<'a>>,
    /// By airline index, whether the airline may fly a leg; `None`: any may.
    pub airlines: Option<Vec<bool>>,
    pub via: Via,
    pub excluded: Vec<u16>,
    /// Only itineraries after this key are returned.
    pub after: Option<SortKey>,
}

/// The via airports, at most as many as stops. A set of them is a bit mask below [`Self::sets`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Via(Vec<u16>);

impl Via {
    /// How many sets there are.
    pub fn sets(&self) -> usize {
        1 << self.0.len()
    }

    /// The full set.
    pub fn all(&self) -> usize {
        self.sets() - 1
    }

    /// The set without an airport; any other airport leaves it unchanged.
    pub fn without(&self, set: usize, airport: u16) -> usize {
        set & !self.bit(airport)
    }

    /// The set with an airport; any other than a via airport leaves it unchanged.
    pub fn with(&self, set: usize, airport: u16) -> usize {
        set | self.bit(airport)
    }

    /// Whether an airport is in a set.
    pub fn has(&self, set: usize, airport: u16) -> bool {
        set & self.bit(airport) != 0
    }

    fn bit(&self, airport: u16) -> usize {
        let place = self.0.iter().position(|via| *via == airport);
        place.map_or(0, |place| 1 << place)
    }
}

impl ResolvedQuery<'_> {
    /// Whether this airline may fly a leg.
    pub fn admits_airline(&self, airline: u16) -> bool {
        self.airlines
            .as_ref()
            .is_none_or(|airlines| airlines[usize::from(airline)])
    }
}

impl Timetable {
    /// Validates a query. `None` if its answer is empty for certain: no limit, or a day outside the timetable.
    pub(crate) fn goal(&self, query: &Query) -> Result<Option<ResolvedQuery<'_>>, SearchError> {
        let source = self
            .airport_index(query.source)
            .ok_or(SearchError::UnknownSource(query.source))?;
        let destination = self
            .airport_index(query.destination)
            .ok_or(SearchError::UnknownDestination(query.destination))?;
        if source == destination {
            return Err(SearchError::SameAirport(query.source));
        }
        if query.max_stops > MAX_STOPS {
            return Err(SearchError::TooManyStops(query.max_stops));
        }
        let via = self.via(query)?;
        let excluded = self.excluded(query)?;
        let after = match query.after {
            Some(place) if place.order() != query.order => {
                return Err(SearchError::CursorOfOtherOrder(place.order()));
            }
            Some(place) => Some(*place.keys()),
            None => None,
        };

        let filters = &query.filters;
        let day = self.local_day(source, query.date);
        let local = |airport: u16, window: Option<TimeWindow>| {
            let zone = &self.airports[usize::from(airport)].time_zone;
            window.map(|window| LocalWindow { window, zone })
        };
        let max_price = filters.max_price.map_or(NO_LIMIT, Amount::ten_thousandths);
        let max_duration = filters.max_duration_s.map_or(NO_LIMIT, i64::from);
        Ok(day.filter(|_| query.limit > 0).map(|day| ResolvedQuery {
            source,
            destination,
            day,
            order: query.order,
            max_legs: usize::from(query.max_stops) + 1,
            connections: query.connections,
            most: query.order.keys(max_price, max_duration),
            departure: local(source, filters.departure),
            arrival: local(destination, filters.arrival),
            airlines: (!filters.airlines.is_empty()).then(|| {
                let is_named = |code| filters.airlines.contains(code);
                self.airline_codes.iter().map(is_named).collect()
            }),
            via,
            excluded,
            after,
        }))
    }

    fn via(&self, query: &Query) -> Result<Via, SearchError> {
        let mut via = Vec::new();
        for code in &query.filters.via {
            let airport = self
                .airport_index(*code)
                .ok_or(SearchError::UnknownVia(*code))?;
            if ends(query).contains(code) {
                return Err(SearchError::ViaAtAnEnd(*code));
            }
            if query.filters.exclude.contains(code) {
                return Err(SearchError::ViaExcluded(*code));
            }
            if !via.contains(&airport) {
                via.push(airport);
            }
        }
        if via.len() > usize::from(query.max_stops) {
            return Err(SearchError::ViaNeedsMoreStops {
                airports: via.len(),
                max_stops: query.max_stops,
            });
        }
        Ok(Via(via))
    }

    fn excluded(&self, query: &Query) -> Result<Vec<u16>, SearchError> {
        let excluded = query.filters.exclude.iter().map(|code| {
            if ends(query).contains(code) {
                return Err(SearchError::EndExcluded(*code));
            }
            self.airport_index(*code)
                .ok_or(SearchError::UnknownExcluded(*code))
        });
        excluded.collect()
    }

    /// A date's seconds in an airport's time zone, clipped to the timetable's range; `None` if outside it.
    fn local_day(&self, airport: u16, date: Date) -> Option<RangeInclusive<u32>> {
        let zone = &self.airports[usize::from(airport)].time_zone;
        // If the clocks skip midnight, the day begins right after; if they pass it twice, it begins the first
        // time.
        let first_moment = |date: Date| zone.to_timestamp(date.to_datetime(Time::midnight()));
        // Only days at either end of the calendar have no first moment.
        let end_of_time = match date.year() {
            ..0 => Timestamp::MIN,
            0.. => Timestamp::MAX,
        };
        let start = first_moment(date).unwrap_or(end_of_time);
        let end = date.tomorrow().and_then(first_moment);
        let end = end.unwrap_or(end_of_time);

        let second = |at: Timestamp| at.as_second() - self.epoch.as_second();
        let first = u32::try_from(second(start).max(0)).ok()?;
        let last = u32::try_from((second(end) - 1).min(i64::from(u32::MAX))).ok()?;
        Some(first..=last)
    }

    /// Whether a flight's departure is in the first leg's window.
    pub(crate) fn departs_in_window(&self, goal: &ResolvedQuery<'_>, slot: FlightSlot) -> bool {
        goal.departure
            .as_ref()
            .is_none_or(|window| window.contains(self.departs_at(slot)))
    }

    /// Whether a flight's arrival is in the last leg's window.
    pub(crate) fn arrives_in_window(&self, goal: &ResolvedQuery<'_>, slot: FlightSlot) -> bool {
        goal.arrival
            .as_ref()
            .is_none_or(|window| window.contains(self.instant(self.arrives_s[slot.index()])))
    }
}

fn ends(query: &Query) -> [AirportCode; 2] {
    [query.source, query.destination]
}

#[cfg(test)]
mod tests {
    use domain::{Currency, FlightId, Money};
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::timetable::{Airport, Flight};

    /// A timetable with two airports in this zone and one departure at this moment.
    fn timetable(zone: &str, first_departure: &str) -> Timetable {
        let airport = |code: &str| Airport {
            code: code.parse().unwrap(),
            time_zone: TimeZone::get(zone).unwrap(),
        };
        let departs_at: Timestamp = first_departure.parse().unwrap();
        let flight = Flight {
            id: FlightId(1),
            source: "AAA".parse().unwrap(),
            destination: "BBB".parse().unwrap(),
            departs_at,
            arrives_at: departs_at + jiff::SignedDuration::from_hours(1),
            price: Money::zero(Currency::USD),
            airline: "AI".parse().unwrap(),
        };
        Timetable::build([airport("AAA"), airport("BBB")], [flight]).unwrap()
    }

    #[test]
    fn a_local_day_has_the_hours_that_its_clocks_show() {
        const HOUR: u32 = 3600;
        for (zone, day, hours) in [
            ("Asia/Kolkata", date(2024, 2, 15), 24),
            ("America/Los_Angeles", date(2024, 3, 10), 23),
            ("America/Los_Angeles", date(2024, 11, 3), 25),
            // Midnight itself is skipped, then passed twice.
            ("America/Havana", date(2024, 3, 10), 23),
            ("America/Havana", date(2024, 11, 3), 25),
            // Samoa crossed the date line and skipped this day.
            ("Pacific/Apia", date(2011, 12, 30), 0),
        ] {
            let timetable = timetable(zone, "2010-01-01T00:00:00Z");
            let seconds = timetable.local_day(0, day).unwrap();
            assert_eq!(
                seconds.end() + 1 - seconds.start(),
                hours * HOUR,
                "{zone} {day}"
            );
        }
    }

    #[test]
    fn days_follow_one_another_without_a_gap() {
        let timetable = timetable("Pacific/Apia", "2010-01-01T00:00:00Z");
        let mut day = date(2011, 12, 25);
        let mut next = *timetable.local_day(0, day).unwrap().start();
        while day < date(2012, 1, 5) {
            let seconds = timetable.local_day(0, day).unwrap();
            assert_eq!(*seconds.start(), next, "{day}");
            next = seconds.end() + 1;
            day = day.tomorrow().unwrap();
        }
    }

    #[test]
    fn a_day_is_cut_to_what_the_timetable_can_have() {
        let timetable = timetable("UTC", "2024-02-15T12:00:00Z");
        assert_eq!(timetable.local_day(0, date(2024, 2, 14)), None);
        assert_eq!(
            timetable.local_day(0, date(2024, 2, 15)),
            Some(0..=12 * 3600 - 1)
        );
        assert_eq!(timetable.local_day(0, Date::MIN), None);
        assert_eq!(timetable.local_day(0, Date::MAX), None);
    }
}
