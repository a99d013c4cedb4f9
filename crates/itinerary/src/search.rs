//! From a query to an answer: the query in the timetable's own terms, a branch and bound for each
//! currency, and the best of all.

use std::ops::RangeInclusive;

use domain::{Amount, Money};
use jiff::Timestamp;
use jiff::civil::{Date, Time};

use crate::best::Best;
use crate::branch::Branch;
use crate::itinerary::{Itinerary, Legs};
use crate::order::Order;
use crate::query::{ConnectionWindow, MAX_STOPS, Query, SearchError};
use crate::timetable::{FlightSlot, Timetable};

/// A query in the timetable's terms.
pub(crate) struct Goal {
    pub source: u16,
    pub destination: u16,
    /// The seconds of the first leg's departure.
    pub day: RangeInclusive<u32>,
    pub order: Order,
    /// The most legs: 1 to 4.
    pub max_legs: usize,
    pub connections: ConnectionWindow,
}

impl Timetable {
    /// The best itineraries, best first, at most [`Query::limit`] of them.
    ///
    /// The answer is exact: the first of all itineraries in the total order of [`Query::order`].
    /// An itinerary
    ///
    /// - goes from the source to the destination with at most [`Query::max_stops`] stops, and comes
    ///   to no airport twice;
    /// - departs on [`Query::date`], local to the source. A local day lasts from its first moment
    ///   to that of the next, so it has 23 or 25 hours when the clocks change;
    /// - connects at the same airport, within [`Query::connections`];
    /// - has one currency, and a price that [`Amount`] can hold;
    /// - has only legs of which `is_open` says true. It may be asked more than once for a leg, and
    ///   is not asked for flights that can't matter.
    ///
    /// A date without departures has an empty answer. An answer may hold several currencies, since
    /// prices compare as amounts.
    ///
    /// # Errors
    /// When an airport is unknown, both are the same, or more stops are asked for than
    /// [`MAX_STOPS`].
    pub fn search(
        &self,
        query: &Query,
        is_open: impl Fn(FlightSlot) -> bool,
    ) -> Result<Vec<Itinerary>, SearchError> {
        let Some(goal) = self.goal(query)? else {
            return Ok(Vec::new());
        };
        let mut best = Best::new(query.limit);
        for network in &self.networks {
            Branch::new(self, network, &goal, &is_open, &mut best).all();
        }
        let ranks = best.into_sorted();
        Ok(ranks.iter().map(|rank| self.itinerary(rank.legs)).collect())
    }

    /// The query's goal, or none where the answer is empty.
    fn goal(&self, query: &Query) -> Result<Option<Goal>, SearchError> {
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
        let day = self.local_day(source, query.date);
        let day = day.filter(|_| query.limit > 0);
        Ok(day.map(|day| Goal {
            source,
            destination,
            day,
            order: query.order,
            max_legs: usize::from(query.max_stops) + 1,
            connections: query.connections,
        }))
    }

    /// The seconds of a date in an airport's zone, as far as the timetable can have them.
    fn local_day(&self, airport: u16, date: Date) -> Option<RangeInclusive<u32>> {
        let zone = &self.airports[usize::from(airport)].time_zone;
        // Where the clocks skip midnight, the day begins right after; where they pass it twice, it
        // begins the first time.
        let first_moment = |date: Date| zone.to_timestamp(date.to_datetime(Time::midnight()));
        // Only days at either end of the calendar have no moment to begin with.
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

    fn itinerary(&self, legs: Legs) -> Itinerary {
        let slots = legs.as_slice();
        let (first, last) = (legs.first(), legs.last());
        let minor = slots.iter().map(|slot| self.prices[slot.index()].minor());
        Itinerary {
            legs,
            price: Money {
                // What no amount can hold was left out, so this never takes the default.
                amount: Amount::from_minor(minor.sum()).unwrap_or_default(),
                currency: self.flight(first).price.currency,
            },
            departs_at: self.instant(self.departs_s[first.index()]),
            arrives_at: self.instant(self.arrives_s[last.index()]),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::timetable::{Airport, Flight};
    use domain::{Currency, FlightId};

    /// A timetable with an airport in the zone and a first departure at the moment.
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
            price: Money {
                amount: Amount::ZERO,
                currency: Currency::USD,
            },
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
            // Samoa went over the date line: this day never was.
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
