//! What is searched for.

use std::time::Duration;

use domain::AirportCode;
use jiff::civil::Date;

use crate::filters::Filters;
use crate::order::Order;
use crate::place::Place;

/// The most stops that a search allows.
pub const MAX_STOPS: u8 = 3;

/// A search: the best ways to get from one airport to another on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Where the first leg leaves from.
    pub source: AirportCode,
    /// Where the last leg arrives.
    pub destination: AirportCode,
    /// The day on which the first leg departs, in the local time of the source.
    pub date: Date,
    /// What to be the best at.
    pub order: Order,
    /// The most stops: 0 (direct flights only) to [`MAX_STOPS`].
    pub max_stops: u8,
    /// The most itineraries to answer. The work and memory grow with it.
    pub limit: usize,
    /// How long a connection may last.
    pub connections: ConnectionWindow,
    /// What else every itinerary must be like.
    pub filters: Filters,
    /// The place after which the answer begins, in the same order; none: at the beginning.
    pub after: Option<Place>,
}

/// How long a connection lasts, from the arrival of a leg to the departure of the next: at least
/// and at most, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionWindow {
    min_s: u32,
    max_s: u32,
}

/// The least time for a connection is longer than the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a connection's least time, {min:?}, is longer than its most, {max:?}")]
pub struct ConnectionWindowReversed {
    /// The least time.
    pub min: Duration,
    /// The most.
    pub max: Duration,
}

impl ConnectionWindow {
    /// A window. Flights are to the second, so the least time counts from the next whole second and
    /// the most to the last; beyond 136 years, which no timetable spans, both count as 136 years.
    ///
    /// # Errors
    /// When the least time is longer than the most.
    pub fn new(min: Duration, max: Duration) -> Result<Self, ConnectionWindowReversed> {
        if min > max {
            return Err(ConnectionWindowReversed { min, max });
        }
        let started_second = u64::from(min.subsec_nanos() > 0);
        let min_s = min.as_secs().saturating_add(started_second);
        Ok(Self {
            min_s: u32::try_from(min_s).unwrap_or(u32::MAX),
            max_s: u32::try_from(max.as_secs()).unwrap_or(u32::MAX),
        })
    }

    /// The least time, in seconds.
    #[must_use]
    pub fn min_seconds(self) -> u32 {
        self.min_s
    }

    /// The most time, in seconds.
    #[must_use]
    pub fn max_seconds(self) -> u32 {
        self.max_s
    }
}

impl Default for ConnectionWindow {
    /// 45 minutes to 4 hours.
    fn default() -> Self {
        Self {
            min_s: 45 * 60,
            max_s: 4 * 60 * 60,
        }
    }
}

/// Why a query has no answer, not even an empty one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// The timetable has no airport with the source's code.
    #[error("the source airport {0} is unknown")]
    UnknownSource(AirportCode),
    /// The timetable has no airport with the destination's code.
    #[error("the destination airport {0} is unknown")]
    UnknownDestination(AirportCode),
    /// Source and destination are the same airport.
    #[error("source and destination are both {0}")]
    SameAirport(AirportCode),
    /// More than [`MAX_STOPS`] stops were asked for.
    #[error("{0} stops are more than the most that can be searched, {MAX_STOPS}")]
    TooManyStops(u8),
    /// The timetable has no airport with the code of one to change at.
    #[error("the airport {0} is unknown")]
    UnknownVia(AirportCode),
    /// One is to change where the journey begins or ends.
    #[error("one can't change at {0}, where the journey begins or ends")]
    ViaAtAnEnd(AirportCode),
    /// There are more airports to change at than stops.
    #[error("{airports} airports to change at need more stops than {max_stops}")]
    ViaNeedsMoreStops {
        /// How many airports there are.
        airports: usize,
        /// The most stops of the query.
        max_stops: u8,
    },
    /// The timetable has no airport with the code of one that is excluded.
    #[error("the airport {0} is unknown")]
    UnknownExcluded(AirportCode),
    /// The journey begins or ends at an airport that is excluded.
    #[error("{0} can't be excluded: the journey begins or ends there")]
    EndExcluded(AirportCode),
    /// One is to change at an airport that is excluded.
    #[error("{0} is excluded, and named to change at")]
    ViaExcluded(AirportCode),
    /// The place to go on from belongs to the other order.
    #[error("this place is one in the order {0}")]
    PlaceInOtherOrder(Order),
}
