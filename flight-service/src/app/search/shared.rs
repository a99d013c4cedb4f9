//! The Redis cache of candidates, so that replicas share computed ones.
//!
//! An entry records what it was computed from: the schedule's version and fingerprint, because a new database
//! starts its versions anew. Other entries are ignored. Redis may be slow or gone: a call waits for some
//! milliseconds at most, and after a failure no call is made for a while.

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

use super::cache_key::CacheKey;
use crate::app::schedule::{Edition, Schedule};

/// Upper limit of concurrent writes; further ones are dropped.
const WRITES_AT_ONCE: usize = 64;

/// Bytes of the digest in a key: enough to tell all queries apart.
const DIGEST_BYTES: usize = 8;

/// Clones share the connections.
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

/// An entry.
#[derive(Serialize, Deserialize)]
struct Value {
    version: i64,
    fingerprint: u64,
    itineraries: Vec<Vec<FlightId>>,
}

impl SharedCandidates {
    /// `timeout` bounds each call, `lifetime` each entry.
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

    /// The candidates of a key; `None` if they are absent, of another schedule, or late.
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

    /// Stores the candidates of a key, in the background.
    pub fn put(&self, schedule: &Schedule, key: &CacheKey, candidates: &[Itinerary]) {
        let ids = |itinerary: &Itinerary| {
            let id = |slot| schedule.timetable().flight(slot).id;
            itinerary.legs().iter().copied().map(id).collect()
        };
        let edition = schedule.edition();
        let value = Value {
            version: edition.version,
            fingerprint: edition.fingerprint,
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
    /// A key's name in Redis: the main parameters in clear, and a digest of the rest.
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

/// The itineraries of an entry; `None` if it is of another schedule.
fn itineraries_of(
    schedule: &Schedule,
    connections: ConnectionWindow,
    bytes: &[u8],
) -> Option<Vec<Itinerary>> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    let Edition {
        version,
        fingerprint,
    } = schedule.edition();
    if (value.version, value.fingerprint) != (version, fingerprint) {
        return None;
    }
    let timetable = schedule.timetable();
    let itinerary = |ids: &Vec<FlightId>| {
        let slots: Option<Vec<_>> = ids.iter().map(|id| timetable.slot_of(*id)).collect();
        timetable.itinerary_of(&slots?, connections)
    };
    value.itineraries.iter().map(itinerary).collect()
}
