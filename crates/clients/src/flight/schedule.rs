//! What the schedule has: searches, fares, airports, and the proof of the flights' pools.

use domain::{AirportCode, FlightId, Units};
use jiff::civil::Date;
use reqwest::Method;
use serde::Deserialize;

use super::{Airport, CalendarAnswer, FlightClient, LedgerProof, Path, SearchAnswer};
use crate::http::{Answer, CallContext, Request};

/// The most airports that one call answers.
const AIRPORTS_LIMIT: &str = "200";

/// What is best.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SearchOrder {
    /// The lowest price, then the shortest time.
    #[default]
    Cheapest,
    /// The shortest time, then the lowest price.
    Fastest,
}

impl SearchOrder {
    /// As a query has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cheapest => "cheapest",
            Self::Fastest => "fastest",
        }
    }
}

/// What a search is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchRequest {
    /// The airport of departure.
    pub source: AirportCode,
    /// The airport of arrival.
    pub destination: AirportCode,
    /// The day on which one departs, by the clocks of the airport of departure.
    pub date: Date,
    /// How many seats every flight must have free.
    pub seats: Units,
    /// What is best.
    pub order: SearchOrder,
    /// The most changes; none: as many as are allowed.
    pub max_stops: Option<u8>,
    /// The page after this place, from the answer before.
    pub after: Option<String>,
}

impl FlightClient {
    /// The best itineraries, a page of them.
    ///
    /// # Errors
    /// When no usable answer comes.
    pub async fn search(
        &self,
        search: &SearchRequest,
        context: &CallContext,
    ) -> Answer<SearchAnswer> {
        let mut request = Request::repeatable(Method::GET, &["api", "flights", "search"])
            .query("source", search.source.as_str())
            .query("destination", search.destination.as_str())
            .query("date", &search.date.to_string())
            .query("seats", &search.seats.to_string())
            .query("sort_by", search.order.as_str());
        if let Some(stops) = search.max_stops {
            request = request.query("max_stops", &stops.to_string());
        }
        if let Some(after) = &search.after {
            request = request.query("after", after);
        }
        self.ask(request, context).await
    }

    /// Flights as one itinerary, if they are one.
    ///
    /// # Errors
    /// When no usable answer comes.
    pub async fn itinerary(&self, ids: &[FlightId], context: &CallContext) -> Answer<Path> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let request = Request::repeatable(Method::GET, &["api", "flights", "itinerary"])
            .query("flight_ids", &ids.join(","));
        self.ask(request, context).await
    }

    /// The lowest fare of each day of the month in which this day is.
    ///
    /// # Errors
    /// When no usable answer comes.
    pub async fn calendar(
        &self,
        source: AirportCode,
        destination: AirportCode,
        day: Date,
        seats: Units,
        context: &CallContext,
    ) -> Answer<CalendarAnswer> {
        let month = format!("{:04}-{:02}", day.year(), day.month());
        let request = Request::repeatable(Method::GET, &["api", "flights", "calendar"])
            .query("source", source.as_str())
            .query("destination", destination.as_str())
            .query("month", &month)
            .query("seats", &seats.to_string());
        self.ask(request, context).await
    }

    /// A page of the airports, in the order of their codes: those after this place.
    ///
    /// # Errors
    /// When no usable answer comes.
    pub async fn airports(
        &self,
        after: Option<&str>,
        context: &CallContext,
    ) -> Answer<AirportPage> {
        let mut request =
            Request::repeatable(Method::GET, &["api", "airports"]).query("limit", AIRPORTS_LIMIT);
        if let Some(after) = after {
            request = request.query("after", after);
        }
        self.ask(request, context).await
    }

    /// The proof of all flights' pools.
    ///
    /// # Errors
    /// When no usable answer comes.
    pub async fn ledger_proof(&self, context: &CallContext) -> Answer<LedgerProof> {
        let request = Request::repeatable(Method::GET, &["api", "ledger", "proof"]);
        self.ask(request, context).await
    }
}

/// A page of the airports.
#[derive(Debug, Deserialize)]
pub struct AirportPage {
    /// The airports.
    pub data: Vec<Airport>,
    /// How to go on.
    pub meta: AirportPageMeta,
}

/// How to go on in the airports.
#[derive(Debug, Deserialize)]
pub struct AirportPageMeta {
    /// The place after which more follow; none where this page is the last.
    pub after: Option<String>,
}
