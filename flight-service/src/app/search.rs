//! Itinerary search: candidates without regard to seats, cached; which of them have the seats, looked
//! up anew for each answer.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`candidates`] | the cache in this process, and the computing of each entry once |
//! | [`month`] | the days of a fare calendar |
//! | [`shared`] | the cache in Redis, shared by replicas |
//! | [`cache_validators`] | what an answer was made from, and whether that still holds |

pub mod cache_validators;
pub mod candidates;
pub mod month;
pub mod shared;

use std::sync::Arc;

use domain::{Money, Units};
use flight_api::{CalendarAnswer, CalendarDay, Path, SearchAnswer, SearchMeta};
use inventory::decide::SalesPolicy;
use itinerary::{ConnectionWindow, Itinerary, Query};
use jiff::{SignedDuration, Timestamp};

use self::cache_validators::{CacheValidators, Observer};
use self::candidates::{CANDIDATES, CacheKey, Candidates};
use self::month::Month;
use super::AppError;
use super::schedule::{CurrentSchedule, Schedule};

/// How much later than its sales ended a flight leaves the candidates: the clocks of replicas that
/// share them differ by less. Whoever answers from them looks at its own clock.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(1);

/// What somebody searches for: a page of itineraries, or the fares of days.
#[derive(Clone, Debug)]
pub struct Search {
    /// The itineraries.
    pub query: Query,
    /// Seats that each leg must have free.
    pub seats: Units,
}

/// What was found.
pub struct Found {
    /// The answer.
    pub answer: SearchAnswer,
    /// How long it is the answer, where that can be told.
    pub validators: Option<CacheValidators>,
}

/// Searches, and remembers what it found.
pub struct Searcher {
    schedule: Arc<CurrentSchedule>,
    sales: SalesPolicy,
    connections: ConnectionWindow,
    candidates: Candidates,
}

impl Searcher {
    /// A searcher in this schedule.
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

    /// How long a connection lasts.
    #[must_use]
    pub fn connections(&self) -> ConnectionWindow {
        self.connections
    }

    /// The best itineraries that have the seats, in order.
    ///
    /// # Errors
    /// When an airport is unknown, both are the same, or the search contradicts itself.
    pub async fn search(&self, search: &Search) -> Result<Found, AppError> {
        let now = Timestamp::now();
        let schedule = self.schedule.get();
        let candidates = self.candidates(&schedule, &search.query, now).await?;
        // One more than is answered, to know whether there are more.
        let wanted = search.query.limit.saturating_add(1);
        let mut observer = Observer::new(&schedule, self.sales, search.seats, now);
        let has_seats = |itinerary: &&Itinerary| {
            let mut legs = itinerary.legs().iter();
            legs.all(|leg| observer.is_open(*leg))
        };
        let found = candidates.iter().filter(has_seats).take(wanted);
        let mut found: Vec<Itinerary> = found.copied().collect();
        let mut validators = Some(observer.validators());
        // There may be more behind the candidates: look, rather than answer a short page.
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

    /// Whether an answer would be given again now.
    #[must_use]
    pub fn is_fresh(&self, validators: &CacheValidators) -> bool {
        validators.holds(&self.schedule.now(), Timestamp::now())
    }

    /// The cheapest price of each day of a month; the query's own day does not matter.
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
            // A month is many searches: other requests of this thread have their turn in between.
            tokio::task::yield_now().await;
        }
        Ok(CalendarAnswer {
            source: search.query.source,
            destination: search.query.destination,
            month: month.to_string(),
            days,
        })
    }

    /// The first itineraries, whatever their seats: computed once for all who ask at the same time.
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
        let key = CacheKey::new(schedule.version(), query.clone());
        Ok(self.candidates.get(schedule, key, load).await?)
    }

    /// The answer from what was found, one itinerary more than a page has if there are more.
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
