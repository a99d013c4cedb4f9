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

use domain::{AirportCode, Money, Units};
use flight_api::{CalendarAnswer, CalendarDay, Path, SearchAnswer, SearchMeta};
use inventory::decide::SalesPolicy;
use itinerary::{ConnectionWindow, Cursor, Filters, Itinerary, Order, Query};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use self::cache_validators::{CacheValidators, Observer};
use self::candidates::{CANDIDATES, Candidates, Key};
use self::month::Month;
use super::AppError;
use super::schedule::{CurrentSchedule, Schedule};

/// How much later than its sales ended a flight leaves the candidates: the clocks of replicas that
/// share them differ by less. Whoever answers from them looks at its own clock.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(1);

/// What somebody searches for.
#[derive(Clone, Debug)]
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
    /// What else every itinerary must be like.
    pub filters: Filters,
    /// Where to go on.
    pub after: Option<Cursor>,
    /// How many itineraries to answer, 1 to 100.
    pub limit: usize,
}

/// Whose fares somebody wants to see.
#[derive(Clone, Debug)]
pub struct CalendarQuery {
    /// Where to depart.
    pub source: AirportCode,
    /// Where to arrive.
    pub destination: AirportCode,
    /// On which days, local to the source.
    pub month: Month,
    /// Seats that each leg must have free.
    pub seats: Units,
    /// How many times one may change, 0 to 3.
    pub max_stops: u8,
    /// What else every itinerary must be like.
    pub filters: Filters,
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

    /// The best itineraries that have the seats, in order.
    ///
    /// # Errors
    /// When an airport is unknown, both are the same, or the search contradicts itself.
    pub async fn search(&self, search: &Search) -> Result<Found, AppError> {
        let now = Timestamp::now();
        let schedule = self.schedule.get();
        let candidates = self.candidates(&schedule, search, now).await?;
        // One more than is answered, to know whether there are more.
        let wanted = search.limit.saturating_add(1);
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
            let query = self.query(search, wanted);
            found = schedule.timetable().search(&query, is_open)?;
            validators = None;
        }
        let answer = self.answer(&schedule, search, &found, now);
        Ok(Found { answer, validators })
    }

    /// Whether an answer would be given again now.
    #[must_use]
    pub fn is_fresh(&self, validators: &CacheValidators) -> bool {
        validators.holds(&self.schedule.now(), Timestamp::now())
    }

    /// The cheapest price of each day of a month.
    ///
    /// # Errors
    /// As for [`Self::search`].
    pub async fn calendar(&self, fares: CalendarQuery) -> Result<CalendarAnswer, AppError> {
        let now = Timestamp::now();
        let schedule = self.schedule.get();
        let is_open = |slot| schedule.is_open(slot, self.sales, fares.seats, now);
        let query = Query {
            source: fares.source,
            destination: fares.destination,
            date: fares.month.first_day(),
            order: Order::Cheapest,
            max_stops: fares.max_stops,
            limit: 1,
            connections: self.connections,
            filters: fares.filters,
            after: None,
        };
        let timetable = schedule.timetable();
        let mut days = Vec::new();
        for day in timetable.cheapest_of_days(&query, fares.month.days(), is_open) {
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
            source: fares.source,
            destination: fares.destination,
            month: fares.month.to_string(),
            days,
        })
    }

    /// The first itineraries, whatever their seats: computed once for all who ask at the same time.
    async fn candidates(
        &self,
        schedule: &Arc<Schedule>,
        search: &Search,
        now: Timestamp,
    ) -> Result<Arc<Vec<Itinerary>>, AppError> {
        let query = self.query(search, CANDIDATES);
        let long_closed = now.saturating_sub(CLOCK_TOLERANCE).unwrap_or(now);
        let load = || {
            let is_on_sale = |slot| schedule.is_on_sale(slot, self.sales, long_closed);
            schedule.timetable().search(&query, is_on_sale)
        };
        let key = Key::new(schedule.version(), &query);
        Ok(self.candidates.get(schedule, key, load).await?)
    }

    fn query(&self, search: &Search, limit: usize) -> Query {
        Query {
            source: search.source,
            destination: search.destination,
            date: search.date,
            order: search.order,
            max_stops: search.max_stops,
            limit,
            connections: self.connections,
            filters: search.filters.clone(),
            after: search.after,
        }
    }

    /// The answer from what was found, one itinerary more than a page has if there are more.
    fn answer(
        &self,
        schedule: &Schedule,
        search: &Search,
        found: &[Itinerary],
        now: Timestamp,
    ) -> SearchAnswer {
        let page = found.get(..search.limit).unwrap_or(found);
        let paths: Vec<Path> = page
            .iter()
            .filter_map(|itinerary| self.path(schedule, itinerary, now))
            .collect();
        let meta = page
            .last()
            .filter(|_| found.len() > page.len())
            .map(|last| {
                let place = schedule.timetable().place(last, search.order);
                SearchMeta {
                    after: place.to_string(),
                    limit: search.limit,
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
