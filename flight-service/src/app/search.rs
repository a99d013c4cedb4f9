//! Itinerary search, its answers cached without regard to seats.

use std::sync::Arc;
use std::time::Duration;

use clients::flight::{Path, SearchAnswer};
use domain::{AirportCode, Units};
use inventory::decide::SalesPolicy;
use itinerary::{ConnectionWindow, Filters, FlightSlot, Itinerary, Order, Query, SearchError};
use jiff::Timestamp;
use jiff::civil::Date;
use moka::future::Cache;

use super::AppError;
use super::schedule::{CurrentSchedule, Schedule};

/// How many itineraries a cached answer has: three pages of the usual twenty, so that sold-out legs
/// seldom force a search of its own.
const CANDIDATES: usize = 60;

/// What somebody searches for.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    /// Where to depart.
    pub source: AirportCode,
    /// Where to arrive.
    pub destination: AirportCode,
    /// The local date of departure.
    pub date: Date,
    /// Seats that each leg must have free.
    pub seats: Units,
    /// What is best.
    pub order: Order,
    /// How many times one may change, 0 to 3.
    pub max_stops: u8,
    /// How many itineraries to answer, 1 to 100.
    pub limit: usize,
}

/// Two searches with the same key have the same candidates.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    schedule_version: i64,
    source: AirportCode,
    destination: AirportCode,
    date: Date,
    order: Order,
    max_stops: u8,
}

/// Searches, and remembers what it found.
pub struct Searcher {
    schedule: Arc<CurrentSchedule>,
    sales: SalesPolicy,
    connections: ConnectionWindow,
    cache: Cache<Key, Arc<Vec<Itinerary>>>,
}

impl Searcher {
    /// A searcher whose cache takes at most so many bytes and keeps an answer for so long.
    #[must_use]
    pub fn new(
        schedule: Arc<CurrentSchedule>,
        sales: SalesPolicy,
        connections: ConnectionWindow,
        cache_bytes: u64,
        cache_lifetime: Duration,
    ) -> Self {
        let cache = Cache::builder()
            .weigher(|_: &Key, found: &Arc<Vec<Itinerary>>| {
                u32::try_from(size_of::<Key>() + size_of_val(found.as_slice())).unwrap_or(u32::MAX)
            })
            .max_capacity(cache_bytes)
            .time_to_live(cache_lifetime)
            .build();
        Self {
            schedule,
            sales,
            connections,
            cache,
        }
    }

    /// The best itineraries that have the seats, in order.
    ///
    /// # Errors
    /// When an airport is unknown or both are the same.
    pub async fn search(&self, search: Search) -> Result<SearchAnswer, AppError> {
        let now = Timestamp::now();
        let schedule = self.schedule.get();
        let wanted = i32::try_from(search.seats.get()).unwrap_or(i32::MAX);
        let is_open = |slot: FlightSlot| {
            schedule.free(slot) >= wanted && schedule.is_on_sale(slot, self.sales, now)
        };
        let candidates = self.candidates(&schedule, search).await?;
        let mut found: Vec<Itinerary> = candidates
            .iter()
            .filter(|itinerary| itinerary.legs().iter().all(|leg| is_open(*leg)))
            .take(search.limit)
            .copied()
            .collect();
        // There may be more behind the candidates: look, rather than answer a short page.
        if found.len() < search.limit && candidates.len() == CANDIDATES {
            found = schedule
                .timetable()
                .search(&self.query(search, search.limit), is_open)?;
        }
        let paths: Vec<Path> = found
            .iter()
            .filter_map(|itinerary| self.path(&schedule, itinerary, now))
            .collect();
        Ok(SearchAnswer {
            count: paths.len(),
            paths,
        })
    }

    /// The first itineraries, whatever their seats: computed once for all who ask at the same time.
    async fn candidates(
        &self,
        schedule: &Arc<Schedule>,
        search: Search,
    ) -> Result<Arc<Vec<Itinerary>>, SearchError> {
        let key = Key {
            schedule_version: schedule.version(),
            source: search.source,
            destination: search.destination,
            date: search.date,
            order: search.order,
            max_stops: search.max_stops,
        };
        let load = async {
            metrics::counter!("flight_search_loads_total").increment(1);
            let now = Timestamp::now();
            let query = self.query(search, CANDIDATES);
            let is_on_sale = |slot| schedule.is_on_sale(slot, self.sales, now);
            schedule
                .timetable()
                .search(&query, is_on_sale)
                .map(Arc::new)
        };
        let result = self.cache.try_get_with(key, load).await;
        result.map_err(|error: Arc<SearchError>| SearchError::clone(&error))
    }

    fn query(&self, search: Search, limit: usize) -> Query {
        Query {
            source: search.source,
            destination: search.destination,
            date: search.date,
            order: search.order,
            max_stops: search.max_stops,
            limit,
            connections: self.connections,
            filters: Filters::default(),
            after: None,
        }
    }

    fn path(&self, schedule: &Schedule, itinerary: &Itinerary, now: Timestamp) -> Option<Path> {
        let flights: Option<Vec<_>> = itinerary
            .legs()
            .iter()
            .map(|leg| schedule.flight(*leg, self.sales, now))
            .collect();
        Some(Path {
            flights: flights?,
            total_price: itinerary.price.amount,
            currency: itinerary.price.currency,
            total_time_minutes: itinerary.duration_seconds() / 60,
            stops: itinerary.stops(),
        })
    }
}
