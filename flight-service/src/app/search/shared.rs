//! Candidates in Redis, so that replicas need not compute what another one did.
//!
//! A value carries what it was computed from: the schedule's version and its fingerprint, since a
//! database that was set up anew counts its versions anew. Other values are ignored. Redis may be
//! slow or gone: a call waits for a few milliseconds at most, and after one that failed none is made
//! for a while.

use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::Pool;
use deadpool_redis::redis::cmd;
use domain::FlightId;
use itinerary::{ConnectionWindow, Itinerary, Query};
use metrics::{Counter, counter};
use serde::{Deserialize, Serialize};
use service_core::redis::BestEffortRedis;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use super::candidates::CacheKey;
use crate::app::schedule::Schedule;

/// Values on their way to Redis at once; what comes on top is not written.
const WRITES_AT_ONCE: usize = 64;

/// The bytes of a digest in a key's name: enough to tell all searches apart.
const DIGEST_BYTES: usize = 8;

/// The cache.
#[derive(Clone)]
pub struct SharedCandidates(Arc<Inner>);

struct Inner {
    redis: BestEffortRedis,
    key_prefix: String,
    lifetime: Duration,
    writes: Arc<Semaphore>,
    hits: Counter,
    misses: Counter,
}

/// What is kept.
#[derive(Serialize, Deserialize)]
struct Value {
    version: i64,
    fingerprint: u64,
    itineraries: Vec<Vec<FlightId>>,
}

impl SharedCandidates {
    /// A cache behind these connections, whose calls take at most so long and whose values live so long.
    #[must_use]
    pub fn new(redis: Pool, key_prefix: &str, timeout: Duration, lifetime: Duration) -> Self {
        Self(Arc::new(Inner {
            redis: BestEffortRedis::new(
                redis,
                timeout,
                counter!("flight_search_cache_failures_total"),
            ),
            key_prefix: key_prefix.to_owned(),
            lifetime,
            writes: Arc::new(Semaphore::new(WRITES_AT_ONCE)),
            hits: counter!("flight_search_cache_hits_total", "cache" => "redis"),
            misses: counter!("flight_search_cache_misses_total", "cache" => "redis"),
        }))
    }

    /// The candidates of a key, if they are there, of this schedule, and Redis says so in time.
    pub async fn get(&self, schedule: &Schedule, key: &CacheKey) -> Option<Vec<Itinerary>> {
        let name = self.0.name(key);
        let bytes: Option<Vec<u8>> = self
            .0
            .redis
            .call(async |redis| cmd("GET").arg(&name).query_async(redis).await)
            .await?;
        let found = bytes.and_then(|bytes| itineraries_of(schedule, key.query.connections, &bytes));
        match found {
            Some(_) => self.0.hits.increment(1),
            None => self.0.misses.increment(1),
        }
        found
    }

    /// Keeps the candidates of a key, in the background.
    pub fn put(&self, schedule: &Schedule, key: &CacheKey, candidates: &[Itinerary]) {
        let ids = |itinerary: &Itinerary| {
            let id = |slot| schedule.timetable().flight(slot).id;
            itinerary.legs().iter().copied().map(id).collect()
        };
        let value = Value {
            version: schedule.version(),
            fingerprint: schedule.fingerprint(),
            itineraries: candidates.iter().map(ids).collect(),
        };
        let permit = Arc::clone(&self.0.writes).try_acquire_owned();
        let (Ok(permit), Ok(bytes)) = (permit, serde_json::to_vec(&value)) else {
            return;
        };
        let (inner, name) = (Arc::clone(&self.0), self.0.name(key));
        tokio::spawn(async move {
            let seconds = inner.lifetime.as_secs().max(1);
            let mut set = cmd("SET");
            set.arg(&name).arg(&bytes).arg("EX").arg(seconds);
            inner
                .redis
                .call::<()>(async |redis| set.query_async(redis).await)
                .await;
            drop(permit);
        });
    }
}

impl Inner {
    /// The name of a key: for people what is mostly asked by, and a digest of all the rest.
    fn name(&self, key: &CacheKey) -> String {
        let prefix = &self.key_prefix;
        let Query {
            source,
            destination,
            date,
            order,
            ..
        } = &key.query;
        let digest = Sha256::digest(format!("{:?}", key.query));
        let digest: String = digest
            .iter()
            .take(DIGEST_BYTES)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("{prefix}flight_search:{source}:{destination}:{date}:{order}:{digest}")
    }
}

/// The itineraries of a value, if it is one of this schedule.
fn itineraries_of(
    schedule: &Schedule,
    connections: ConnectionWindow,
    bytes: &[u8],
) -> Option<Vec<Itinerary>> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    if (value.version, value.fingerprint) != (schedule.version(), schedule.fingerprint()) {
        return None;
    }
    let timetable = schedule.timetable();
    let itinerary = |ids: &Vec<FlightId>| {
        let slots: Option<Vec<_>> = ids.iter().map(|id| timetable.slot_of(*id)).collect();
        timetable.itinerary_of(&slots?, connections)
    };
    value.itineraries.iter().map(itinerary).collect()
}
