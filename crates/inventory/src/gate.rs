//! The gate: a Redis copy of each pool's free count, asked before the committer (load shedding).
//!
//! It refuses early, so that a crowd at a sold-out pool never reaches PostgreSQL. It never grants: the
//! committer decides whatever it admits. A count expires after one second, is corrected after each commit, and
//! is read from the database when it is missing. So a false refusal lasts one second at most. While Redis is
//! absent or slow, everything is admitted.
//!
//! Redis is not asked about a pool that has plenty: it could only admit. What this replica heard last of a pool tells.
//! If that is out of date, because other replicas sold the pool out, the committer refuses, and Redis is asked from
//! then on.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Client as Connection, Pool as Database};
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{Client, ErrorKind, RedisResult, Script, ServerErrorKind, pipe};
use domain::{PoolId, Units};
use moka::future::Cache;
use moka::sync::{Cache as RefusalCache, Cache as HeardCache};
use service_core::connections::on_connection;
use service_core::redis::BestEffortRedis;
use tokio::time::Instant;

use crate::committer::CountListener;
use crate::pub_sub;
use crate::state::PoolCount;
use crate::store::{StoreError, pool_counts};

/// Time to live of a count in Redis.
const COUNT_LIFETIME_MS: i64 = 1000;

/// How long a load is shared by those who miss the same count (single flight).
const LOAD_SHARED_FOR: Duration = Duration::from_millis(20);

/// Time limit of a load.
const LOAD_LIMIT: Duration = Duration::from_secs(1);

/// How long a refusal is cached for requests of at least as many units, so that a crowd at a sold-out pool is
/// not a crowd at Redis.
const REFUSAL_SHARED_FOR: Duration = Duration::from_millis(10);

/// Redis is asked once fewer units than these would be left. Less than one batch can take: the crowd that the committer
/// has to refuse is no larger than one that it serves.
const PLENTY: u32 = 64;

/// Most pools whose loads, refusals and counts are cached.
const POOLS_REMEMBERED: u64 = 100_000;

/// Redis was restarted or flushed and has lost the script.
const NO_SCRIPT: ErrorKind = ErrorKind::Server(ServerErrorKind::NoScript);

/// The gate's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Admitted, and subtracted from the count: give the units back if the command does not take them.
    Taken,
    /// Admitted without subtracting.
    Unchecked,
    /// Refused: too few units are free.
    NotEnough,
}

/// The gate of one kind of pool.
pub struct Gate {
    connection: BestEffortRedis,
    client: Client,
    database: Database,
    key_start: String,
    take: Script,
    give: Script,
    publish: Script,
    loads: Cache<PoolId, ()>,
    /// By pool, the units that were refused a moment ago.
    refusals: RefusalCache<PoolId, u32>,
    /// By pool, the free units that this replica heard of last. May be out of date.
    heard: HeardCache<PoolId, i32>,
}

impl Gate {
    /// A gate with keys `{prefix}{kind}:{pool}`. The pool is in braces, which make it the hash tag in Redis
    /// Cluster. `redis` is for calls, each limited to `timeout`; `client` is for the subscription to other
    /// replicas' counts.
    #[must_use]
    pub fn new(
        redis: deadpool_redis::Pool,
        client: Client,
        database: Database,
        prefix: &str,
        kind: &str,
        timeout: Duration,
    ) -> Arc<Self> {
        let failures = metrics::counter!("inventory_gate_failures_total");
        Arc::new(Self {
            connection: BestEffortRedis::new(redis, timeout, failures),
            client,
            database,
            key_start: format!("{prefix}{kind}"),
            take: Script::new(include_str!("gate/take.lua")),
            give: Script::new(include_str!("gate/give.lua")),
            publish: Script::new(include_str!("gate/publish.lua")),
            loads: Cache::builder()
                .max_capacity(POOLS_REMEMBERED)
                .time_to_live(LOAD_SHARED_FOR)
                .build(),
            refusals: RefusalCache::builder()
                .max_capacity(POOLS_REMEMBERED)
                .time_to_live(REFUSAL_SHARED_FOR)
                .build(),
            heard: HeardCache::new(POOLS_REMEMBERED),
        })
    }

    /// The key of a pool's count.
    #[must_use]
    pub fn key(&self, pool: PoolId) -> String {
        format!("{}:{{{pool}}}", self.key_start)
    }

    /// Asks for units. With `compare_only`, for named seats, the count is not reduced: of thirty requests for
    /// one seat, twenty-nine would reduce it in vain.
    ///
    /// # Errors
    /// When a missing count can't be read from the database.
    pub async fn take(
        &self,
        pool: PoolId,
        units: Units,
        compare_only: bool,
    ) -> Result<Admission, StoreError> {
        if self
            .refusals
            .get(&pool)
            .is_some_and(|refused| refused <= units.get())
        {
            metrics::counter!("inventory_gate_refusals_total").increment(1);
            return Ok(Admission::NotEnough);
        }
        if self
            .heard
            .get(&pool)
            .is_some_and(|free| has_plenty(free, units.get()))
        {
            return Ok(Admission::Unchecked);
        }
        // At most twice: the second time the count was just loaded.
        for _ in 0..2 {
            let answer: Option<i64> = self
                .connection
                .call(
                    async |connection: &mut MultiplexedConnection| -> RedisResult<i64> {
                        self.take
                            .key(self.key(pool))
                            .arg(units.get())
                            .arg(i32::from(compare_only))
                            .invoke_async(connection)
                            .await
                    },
                )
                .await;
            match answer {
                Some(1) if compare_only => return Ok(Admission::Unchecked),
                Some(1) => {
                    crash_points::point("take.after");
                    return Ok(Admission::Taken);
                }
                // The count in Redis may be older than what was heard: those of pools with plenty linger.
                Some(0) if self.heard_enough(pool, units) => return Ok(Admission::Unchecked),
                Some(0) => {
                    self.refusals.insert(pool, units.get());
                    metrics::counter!("inventory_gate_refusals_total").increment(1);
                    return Ok(Admission::NotEnough);
                }
                Some(_) => self.load(pool).await?,
                None => return Ok(Admission::Unchecked),
            }
        }
        Ok(Admission::Unchecked)
    }

    /// Whether a pool has these units, and plenty, by what was heard of it.
    fn heard_enough(&self, pool: PoolId, units: Units) -> bool {
        let heard = self.heard.get(&pool);
        heard.is_some_and(|free| has_plenty(free, 0) && i64::from(free) >= i64::from(units.get()))
    }

    /// Hears new counts, and drops the cached refusals of their pools.
    pub(crate) fn hear(&self, counts: &[PoolCount]) {
        for count in counts {
            self.refusals.invalidate(&count.pool);
            self.heard.insert(count.pool, count.free);
        }
    }

    /// Forgets what was heard of a pool: the committer knows better.
    pub(crate) fn forget(&self, pool: PoolId) {
        self.heard.invalidate(&pool);
    }

    /// Gives back units that the command did not take.
    pub async fn give(&self, pool: PoolId, units: Units) {
        self.connection
            .call(
                async |connection: &mut MultiplexedConnection| -> RedisResult<i64> {
                    self.give
                        .key(self.key(pool))
                        .arg(units.get())
                        .invoke_async(connection)
                        .await
                },
            )
            .await;
    }

    /// Publishes counts to the keys and to the other replicas. A key with a newer version keeps it.
    pub async fn publish(&self, counts: &[PoolCount]) {
        let mut together = pipe();
        for count in counts {
            let mut invocation = self.publish.key(self.key(count.pool));
            invocation
                .arg(count.version)
                .arg(count.free)
                .arg(COUNT_LIFETIME_MS);
            together.invoke_script(&invocation).ignore();
        }
        together
            .publish(self.channel(), pub_sub::message(counts))
            .ignore();
        let call = async |connection: &mut MultiplexedConnection| -> RedisResult<()> {
            match together.query_async(connection).await {
                Err(error) if error.kind() == NO_SCRIPT => {
                    self.publish.load_async(connection).await?;
                    together.query_async(connection).await
                }
                result => result,
            }
        };
        self.connection.call(call).await;
    }

    /// The channel on which replicas publish new counts.
    fn channel(&self) -> String {
        format!("{}:changes", self.key_start)
    }

    /// Receives new counts from all replicas, this one too.
    pub(crate) async fn listen(self: Arc<Self>, listener: CountListener) {
        pub_sub::listen(self.client.clone(), self.channel(), listener).await;
    }

    /// Reads a missing count from the database, once for all who miss it (single flight).
    async fn load(&self, pool: PoolId) -> Result<(), StoreError> {
        self.loads
            .try_get_with(pool, async {
                let counts = on_connection(
                    &self.database,
                    Instant::now() + LOAD_LIMIT,
                    async |client: &Connection| pool_counts(client, &[pool]).await,
                )
                .await?;
                self.hear(&counts);
                self.publish(&counts).await;
                Ok(())
            })
            .await
            .map_err(|error: Arc<StoreError>| {
                tracing::warn!(%error, %pool, "reading a pool's count failed");
                StoreError::Shared(error)
            })
    }
}

/// Whether a pool has so many free units that Redis need not know of these few.
pub(crate) fn has_plenty(free: i32, units: u32) -> bool {
    i64::from(free) >= i64::from(units) + i64::from(PLENTY)
}
