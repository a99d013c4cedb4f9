//! Itinerary search: candidates regardless of seats, cached; which of them have the seats, checked for each
//! answer.
//!
//! | module | contents |
//! | --- | --- |
//! | [`candidates`] | the in-process cache, with single flight |
//! | [`month`] | the days of a fare calendar |
//! | [`shared`] | the Redis cache, shared by replicas |
//! | [`cache_validators`] | what an answer depends on, and whether it is still exact |

mod cache_key;
pub mod cache_validators;
pub mod candidates;
pub mod month;
pub mod shared;

use std::sync::Arc;

use domain::sale_rules::SalesPolicy;
use domain::{Money, Units};
use flight_api::{CalendarAnswer, CalendarDay, Path, SearchAnswer, SearchMeta};
use itinerary::{ConnectionWindow, Itinerary, Query};
use jiff::{SignedDuration, Timestamp};

use self::cache_key::CacheKey;
use self::cache_validators::{CacheValidators, Observer};
use self::candidates::{CANDIDATES, Candidates};
use self::month::Month;
use super::AppError;
use super::current_schedule::CurrentSchedule;
use super::schedule::Schedule;

/// How long a flight stays among the candidates after its sales end: more than the clocks of replicas that
/// share candidates differ. An answer from candidates checks the replica's own clock.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(1);

/// A search for a page of itineraries, or for the fares of a month.
#[derive(Clone, Debug)]
pub struct Search {
    pub query: Query,
    /// Seats that must be free on each leg.
    pub seats: Units,
}

/// The result of a search.
pub struct Found {
    pub answer: SearchAnswer,
    /// For a cached answer; `None` if the answer can't be validated.
    pub validators: Option<CacheValidators>,
}

/// Searches, with a cache of candidates.
pub struct Searcher {
    schedule: Arc<CurrentSchedule>,
    sales: SalesPolicy,
    connections: ConnectionWindow,
    candidates: Candidates,
}

impl Searcher {
    #[must_use]
    pub fn new(
        schedule: Arc<CurrentSchedule>,
        sales: SalesPolicy,
        connections: ConnectionWindow,
        candidates: Candidates,
    ) -> Self {
        Self {
            schedule,
            sales,
            connections,
            candidates,
        }
    }

    #[must_use]
    pub fn connections(&self) -> ConnectionWindow {
        self.connections
    }

    /// The best itineraries with enough free seats, in order.
    ///
    /// # Errors
    /// An airport is unknown, both are the same, or the filters contradict each other.
    pub async fn search(&self, search: &Search) -> Result<Found, AppError> {
        let now = Timestamp::now();
        let schedule = self.schedule.get();
        let candidates = self.candidates(&schedule, &search.query, now).await?;
        // One itinerary more than the page tells whether there is another page.
        let wanted = search.query.limit.saturating_add(1);
        let mut observer = Observer::new(&schedule, self.sales, search.seats, now);
        let has_seats = |itinerary: &&Itinerary| {
            let mut legs = itinerary.legs().iter();
            legs.all(|leg| observer.is_open(*leg))
        };
        let found = candidates.iter().filter(has_seats).take(wanted);
        let mut found: Vec<Itinerary> = found.copied().collect();
        let mut validators = Some(observer.validators());
        // There may be more beyond the cached candidates: search, rather than answer a short page.
        if found.len() < wanted && candidates.len() == CANDIDATES {
            let is_open = |slot| schedule.is_open(slot, self.sales, search.seats, now);
            let query = Query {
                limit: wanted,
                ..search.query.clone()
            };
            found = schedule.timetable().search(&query, is_open)?;
            validators = None;
        }
        let answer = self.answer(&schedule, &search.query, &found, now);
        Ok(Found { answer, validators })
    }

    /// Whether a cached answer is still exact.
    #[must_use]
    pub fn is_fresh(&self, validators: &CacheValidators) -> bool {
        validators.holds(&self.schedule.now(), Timestamp::now())
    }

    /// The cheapest price of each day of a month; the query's own date is ignored.
    ///
    /// # Errors
    /// As for [`Self::search`].
    pub async fn calendar(
        &self,
        search: &Search,
        month: Month,
    ) -> Result<CalendarAnswer, AppError> {
        let now = Timestamp::now();
        let schedule = self.schedule.get();
        let is_open = |slot| schedule.is_open(slot, self.sales, search.seats, now);
        let timetable = schedule.timetable();
        let mut days = Vec::new();
        for day in timetable.cheapest_of_days(&search.query, month.days(), is_open) {
            let (date, cheapest) = day?;
            let price = cheapest.map(|cheapest| cheapest.price);
            days.push(CalendarDay {
                date,
                price: price.map(Money::amount),
                currency: price.map(Money::currency),
            });
            // A month is many searches: yield to the thread's other requests in between.
            tokio::task::yield_now().await;
        }
        Ok(CalendarAnswer {
            source: search.query.source,
            destination: search.query.destination,
            month: month.to_string(),
            days,
        })
    }

    /// The best itineraries regardless of seats, computed once for all concurrent requests (single flight).
    async fn candidates(
        &self,
        schedule: &Arc<Schedule>,
        query: &Query,
        now: Timestamp,
    ) -> Result<Arc<Vec<Itinerary>>, AppError> {
        let query = Query {
            limit: CANDIDATES,
            ..query.clone()
        };
        let long_closed = now.saturating_sub(CLOCK_TOLERANCE).unwrap_or(now);
        let load = || {
            let is_on_sale = |slot| schedule.is_on_sale(slot, self.sales, long_closed);
            schedule.timetable().search(&query, is_on_sale)
        };
        let key = CacheKey::new(schedule.edition(), query.clone());
        Ok(self.candidates.get(schedule, key, load).await?)
    }

    /// Builds the answer; `found` has one itinerary more than a page if there is another page.
    fn answer(
        &self,
        schedule: &Schedule,
        query: &Query,
        found: &[Itinerary],
        now: Timestamp,
    ) -> SearchAnswer {
        let page = found.get(..query.limit).unwrap_or(found);
        let paths: Vec<Path> = page
            .iter()
            .filter_map(|itinerary| self.path(schedule, itinerary, now))
            .collect();
        let meta = page
            .last()
            .filter(|_| found.len() > page.len())
            .map(|last| {
                let place = schedule.timetable().place(last, query.order);
                SearchMeta {
                    after: place.to_string(),
                    limit: query.limit,
                }
            });
        SearchAnswer {
            count: paths.len(),
            paths,
            meta,
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
            total_price: itinerary.price.amount(),
            currency: itinerary.price.currency(),
            total_time_minutes: itinerary.duration_seconds() / 60,
            stops: itinerary.stops(),
        })
    }
}
