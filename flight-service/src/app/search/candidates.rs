//! Candidates: the best itineraries of a query regardless of seats, cached in this process and optionally in
//! Redis.

use std::sync::Arc;
use std::time::Duration;

use itinerary::{Itinerary, SearchError};
use metrics::{Counter, counter};
use moka::future::Cache;

use super::cache_key::CacheKey;
use super::shared::SharedCandidates;
use crate::app::schedule::Schedule;

/// Candidates per query: three pages of the default twenty, so that sold-out legs seldom force another
/// search.
pub const CANDIDATES: usize = 60;

/// The in-process cache of candidates.
pub struct Candidates {
    local: Cache<CacheKey, Arc<Vec<Itinerary>>>,
    shared: Option<SharedCandidates>,
    hits: Counter,
    misses: Counter,
    loads: Counter,
}

impl Candidates {
    /// An empty cache with an upper limit in bytes and a lifetime of entries. `shared` is asked before
    /// anything is computed.
    #[must_use]
    pub fn new(bytes: u64, lifetime: Duration, shared: Option<SharedCandidates>) -> Self {
        let local = Cache::builder()
            .weigher(|key: &CacheKey, found: &Arc<Vec<Itinerary>>| {
                u32::try_from(key.size() + size_of_val(found.as_slice())).unwrap_or(u32::MAX)
            })
            .max_capacity(bytes)
            .time_to_live(lifetime)
            .build();
        Self {
            local,
            shared,
            hits: counter!("flight_search_cache_hits_total", "cache" => "memory"),
            misses: counter!("flight_search_cache_misses_total", "cache" => "memory"),
            loads: counter!("flight_search_loads_total"),
        }
    }

    /// The candidates of a key. A missing entry is loaded once for all concurrent callers (single flight);
    /// failed loads are not cached.
    ///
    /// # Errors
    /// That of the load.
    pub async fn get(
        &self,
        schedule: &Schedule,
        key: CacheKey,
        load: impl FnOnce() -> Result<Vec<Itinerary>, SearchError>,
    ) -> Result<Arc<Vec<Itinerary>>, SearchError> {
        if let Some(found) = self.local.get(&key).await {
            self.hits.increment(1);
            return Ok(found);
        }
        self.misses.increment(1);
        let found = self.local.try_get_with_by_ref(&key, async {
            if let Some(shared) = &self.shared
                // Boxed, because it is large and rarely taken.
                && let Some(found) = Box::pin(shared.get(schedule, &key)).await
            {
                return Ok(Arc::new(found));
            }
            self.loads.increment(1);
            let found = Arc::new(load()?);
            if let Some(shared) = &self.shared {
                shared.put(schedule, &key, &found);
            }
            Ok(found)
        });
        found
            .await
            .map_err(|error: Arc<SearchError>| SearchError::clone(&error))
    }
}

#[cfg(test)]
mod tests {
    use crate::app::schedule::Edition;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Instant;

    use itinerary::{ConnectionWindow, Filters, Query, SearchOrder};
    use jiff::civil::Date;
    use tokio::task::JoinSet;

    use super::*;

    const CALLERS: usize = 1_000;

    fn edition(version: i64) -> Edition {
        Edition {
            version,
            fingerprint: 0,
        }
    }

    fn query() -> Query {
        Query {
            source: "DEL".parse().unwrap(),
            destination: "BOM".parse().unwrap(),
            date: Date::default(),
            order: SearchOrder::Cheapest,
            max_stops: 3,
            limit: CANDIDATES,
            connections: ConnectionWindow::default(),
            filters: Filters::default(),
            after: None,
        }
    }

    fn candidates() -> Arc<Candidates> {
        Arc::new(Candidates::new(1 << 20, Duration::from_secs(60), None))
    }

    /// The callers run on other threads than the load, which waits until all have asked.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_thousand_who_ask_at_once_load_once() {
        let (asked, loads) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let candidates = candidates();
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let (candidates, asked, loads) = (
                Arc::clone(&candidates),
                Arc::clone(&asked),
                Arc::clone(&loads),
            );
            callers.spawn(async move {
                asked.fetch_add(1, Ordering::SeqCst);
                let load = || {
                    loads.fetch_add(1, Ordering::SeqCst);
                    let started = Instant::now();
                    while asked.load(Ordering::SeqCst) < CALLERS {
                        assert!(started.elapsed() < Duration::from_secs(30));
                        std::thread::yield_now();
                    }
                    Ok(Vec::new())
                };
                let key = CacheKey::new(edition(1), query());
                candidates
                    .get(&Schedule::empty(), key, load)
                    .await
                    .unwrap()
                    .len()
            });
        }
        assert_eq!(callers.join_all().await, vec![0; CALLERS]);
        assert_eq!(loads.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_failed_load_is_not_kept() {
        let candidates = candidates();
        let schedule = Schedule::empty();
        let key = || CacheKey::new(edition(1), query());
        let failed = candidates.get(&schedule, key(), || Err(SearchError::TooManyStops(4)));
        assert_eq!(failed.await, Err(SearchError::TooManyStops(4)));
        let loaded = candidates.get(&schedule, key(), || Ok(Vec::new()));
        assert!(loaded.await.unwrap().is_empty());
        let kept = candidates.get(&schedule, key(), || Err(SearchError::TooManyStops(5)));
        assert!(kept.await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_decides_an_answer_is_in_its_key() {
        let first = query();
        let others = [
            Query {
                order: SearchOrder::Fastest,
                ..first.clone()
            },
            Query {
                max_stops: 2,
                ..first.clone()
            },
            Query {
                filters: Filters {
                    max_duration_s: Some(60),
                    ..Filters::default()
                },
                ..first.clone()
            },
            Query {
                after: Some("cheapest.1.60.0.1".parse().unwrap()),
                ..first.clone()
            },
        ];
        for other in others {
            assert_ne!(
                CacheKey::new(edition(1), first.clone()),
                CacheKey::new(edition(1), other)
            );
        }
        assert_ne!(
            CacheKey::new(edition(1), first.clone()),
            CacheKey::new(edition(2), first)
        );
    }
}
