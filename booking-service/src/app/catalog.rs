//! Flights, fares and airports of flight-service, for customers who look before they book.

mod airports;

use std::sync::Arc;
use std::time::Duration;

use clients::{CallContext, CallError, FlightClient};
use domain::{AirportCode, FlightId, Legs, Units};
use flight_api::{CalendarAnswer, Flight, LedgerProof, Path, SearchAnswer, SearchRequest, SeatMap};
use futures_util::stream::{self, StreamExt as _};
use jiff::civil::Date;
use moka::future::Cache;

use crate::app::AppError;

pub use crate::app::catalog::airports::{Airports, Match};

/// Airports change with the schedule, a few times a year.
const AIRPORTS_LIFETIME: Duration = Duration::from_secs(300);

/// Ten times as many as the airports with scheduled flights need.
const AIRPORT_PAGES_MAX: usize = 200;

/// The proof reads flight-service's whole ledger.
const PROOF_LIFETIME: Duration = Duration::from_secs(30);

/// Concurrent flight lookups.
const ASKED_AT_ONCE: usize = 16;

#[derive(Clone)]
pub struct Catalog {
    flights: FlightClient,
    airports: Cache<(), Arc<Airports>>,
    proof: Cache<(), Arc<LedgerProof>>,
}

impl Catalog {
    #[must_use]
    pub fn new(flights: FlightClient) -> Self {
        Self {
            flights,
            airports: one_entry(AIRPORTS_LIFETIME),
            proof: one_entry(PROOF_LIFETIME),
        }
    }

    /// All airports, cached; concurrent callers share one read (single flight).
    pub async fn airports(&self, context: &CallContext) -> Result<Arc<Airports>, AppError> {
        let read = self.read_airports(context);
        let airports = self.airports.try_get_with((), read).await;
        airports.map_err(AppError::Shared)
    }

    async fn read_airports(&self, context: &CallContext) -> Result<Arc<Airports>, AppError> {
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..AIRPORT_PAGES_MAX {
            let page = self.flights.airports(after.as_deref(), context).await;
            let page = page.map_err(AppError::of_flights)?;
            all.extend(page.data);
            after = page.meta.after;
            if after.is_none() {
                break;
            }
        }
        Ok(Arc::new(Airports::new(all)))
    }

    /// A page of the best itineraries. Refuses an invalid search.
    pub async fn search(
        &self,
        search: &SearchRequest,
        context: &CallContext,
    ) -> Result<SearchAnswer, AppError> {
        let found = self.flights.search(search, context).await;
        found.map_err(AppError::of_flights)
    }

    /// The lowest fare of each day of this day's month. Refuses an invalid search.
    pub async fn calendar(
        &self,
        source: AirportCode,
        destination: AirportCode,
        day: Date,
        seats: Units,
        context: &CallContext,
    ) -> Result<CalendarAnswer, AppError> {
        let flights = &self.flights;
        let fares = flights
            .calendar(source, destination, day, seats, context)
            .await;
        fares.map_err(AppError::of_flights)
    }

    /// By id or flight number; a number means the next departure.
    pub async fn flight(&self, name: &str, context: &CallContext) -> Result<Flight, AppError> {
        let flight = self.flights.find_flight(name, context).await;
        flight.map_err(AppError::of_flight(name))
    }

    /// Flights as one itinerary, with its price. [`AppError::NoItinerary`] if they cannot be combined.
    pub async fn itinerary(&self, ids: &Legs, context: &CallContext) -> Result<Path, AppError> {
        let itinerary = self.flights.itinerary(ids, context).await;
        let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
        itinerary.map_err(|error| match error {
            CallError::Refused(refusal) if refusal.code.is_no_itinerary() => {
                AppError::NoItinerary(refusal.into())
            }
            error => AppError::of_flight(&names.join(" or "))(error),
        })
    }

    /// In the given order; `None` where flight-service does not answer or has no such flight.
    pub async fn flights(&self, ids: &[FlightId], context: &CallContext) -> Vec<Option<Flight>> {
        let calls = ids
            .iter()
            .map(async |id| self.flights.flight(*id, context).await.ok());
        stream::iter(calls).buffered(ASKED_AT_ONCE).collect().await
    }

    /// A flight's seats. Owners are named by their orders only.
    pub async fn seat_map(&self, id: FlightId, context: &CallContext) -> Result<SeatMap, AppError> {
        let name = id.to_string();
        let map = self.flights.seat_map(&name, context).await;
        map.map_err(AppError::of_flight(&name))
    }

    /// The ledger proof of all flights' pools, cached for 30 seconds.
    pub async fn proof(&self, context: &CallContext) -> Result<Arc<LedgerProof>, AppError> {
        let read = async {
            let proof = self.flights.ledger_proof(context).await;
            proof.map(Arc::new).map_err(AppError::of_flights)
        };
        let proof = self.proof.try_get_with((), read).await;
        proof.map_err(AppError::Shared)
    }
}

fn one_entry<T: Clone + Send + Sync + 'static>(lifetime: Duration) -> Cache<(), T> {
    Cache::builder()
        .max_capacity(1)
        .time_to_live(lifetime)
        .build()
}
