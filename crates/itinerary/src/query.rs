//! What is searched for.

use domain::AirportCode;
use domain::sale_rules::itinerary::ConnectionWindow;
use jiff::civil::Date;

use crate::cursor::Cursor;
use crate::filters::Filters;
use crate::order::Order;

/// The most stops that a search allows: one fewer than an itinerary has legs.
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
    pub after: Option<Cursor>,
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
    CursorOfOtherOrder(Order),
}
