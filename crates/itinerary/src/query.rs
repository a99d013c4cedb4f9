//! A search request.

use domain::sale_rules::itinerary::ConnectionWindow;
use domain::{AirportCode, SearchOrder};
use jiff::civil::Date;

use crate::cursor::Cursor;
use crate::filters::Filters;

/// Most stops of a search: one fewer than the legs of an itinerary.
pub const MAX_STOPS: u8 = 3;

/// A request for the best itineraries between two airports on a day.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Query {
    /// Departure airport of the first leg.
    pub source: AirportCode,
    /// Arrival airport of the last leg.
    pub destination: AirportCode,
    /// The departure day of the first leg, in the source's local time.
    pub date: Date,
    /// What to minimize first.
    pub order: SearchOrder,
    /// Most stops: 0 (direct flights only) to [`MAX_STOPS`].
    pub max_stops: u8,
    /// Most itineraries to return. Work and memory grow with it.
    pub limit: usize,
    /// Shortest and longest connection.
    pub connections: ConnectionWindow,
    /// Further conditions on every itinerary.
    pub filters: Filters,
    /// Return what follows this cursor, which must be of the same order; `None` for the first page.
    pub after: Option<Cursor>,
}

/// Why a query is invalid.
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
    /// A via airport is not in the timetable.
    #[error("the airport {0} is unknown")]
    UnknownVia(AirportCode),
    /// A via airport is the source or the destination.
    #[error("one can't change at {0}, where the journey begins or ends")]
    ViaAtAnEnd(AirportCode),
    /// There are more via airports than stops.
    #[error("{airports} airports to change at need more stops than {max_stops}")]
    ViaNeedsMoreStops {
        /// How many via airports.
        airports: usize,
        /// The query's most stops.
        max_stops: u8,
    },
    /// An excluded airport is not in the timetable.
    #[error("the airport {0} is unknown")]
    UnknownExcluded(AirportCode),
    /// The source or the destination is excluded.
    #[error("{0} can't be excluded: the journey begins or ends there")]
    EndExcluded(AirportCode),
    /// A via airport is excluded.
    #[error("{0} is both excluded and named to change at")]
    ViaExcluded(AirportCode),
    /// The cursor belongs to the other order.
    #[error("this cursor belongs to the order {0}")]
    CursorOfOtherOrder(SearchOrder),
}
