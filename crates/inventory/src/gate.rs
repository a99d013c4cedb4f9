//! The gate: a copy in Redis of each pool's free count, asked before the committer.
//!
//! It refuses early, so that a crowd at a sold-out pool never reaches PostgreSQL. It never grants:
//! what it lets through is decided by the committer. A count lives for one second, is corrected after
//! each commit and read anew when it is missing; so a refusal that comes too early does so for a
//! second at most. Without Redis, or while Redis is slow, everything is let through.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Client as Connection, Pool as Database};
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{Client, ErrorKind, RedisResult, Script, ServerErrorKind, pipe};
use domain::{PoolId, Units};
use moka::future::Cache;
use moka::sync::Cache as RefusalCache;
use service_core::connections::on_connection;
use service_core::redis::BestEffortRedis;
use tokio::time::Instant;

use crate::committer::CountListener;
use crate::pub_sub;
use crate::store::{StoreError, pool_counts};
use crate::verdict::PoolCount;

/// How long a count lives in Redis.
const COUNT_LIFETIME_MS: i64 = 1000;

/// How long a load is shared by those who miss the same count at once.
const LOAD_SHARED_FOR: Duration = Duration::from_millis(20);

/// How long a load may take.
const LOAD_LIMIT: Duration = Duration::from_secs(1);

/// How long a refusal is shared by those who ask this replica for as much: so that a crowd at a
/// sold-out pool is not a crowd at Redis.
const REFUSAL_SHARED_FOR: Duration = Duration::from_millis(10);

/// The most pools whose loads and refusals are remembered at once.
const POOLS_REMEMBERED: u64 = 100_000;

/// Redis was restarted or flushed and has forgotten the script.
const NO_SCRIPT: ErrorKind = ErrorKind::Server(ServerErrorKind::NoScript);

/// What the gate says to somebody who wants units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Let through, and counted: give the units back if they were taken in vain.
    Taken,
    /// Let through without counting.
    Unchecked,
    /// There is not enough.
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
    /// Of how many units a pool had too few, a moment ago.
    refusals: RefusalCache<PoolId, u32>,
}

impl Gate {
    /// A gate whose keys are `{prefix}{kind}:{pool}`; the pool in braces, which is Redis Cluster's way
    /// to name the part that decides where a key lives. `redis` is for calls, each bounded by `timeout`, `client` to
    /// hear what other replicas tell.
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
        })
    }

    /// The key of a pool's count.
    #[must_use]
    pub fn key(&self, pool: PoolId) -> String {
        format!("{}:{{{pool}}}", self.key_start)
    }

    /// Asks for units. Named seats only compare: of thirty who want one seat, twenty-nine would lower
    /// the count in vain.
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

    /// Hears of new counts: what was refused a moment ago may be there now.
    pub(crate) fn forget_refusals(&self, counts: &[PoolCount]) {
        for count in counts {
            self.refusals.invalidate(&count.pool);
        }
    }

    /// Gives back units that were taken in vain.
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

    /// Publishes counts, to the keys and to the other replicas. A key that has a newer version keeps
    /// it.
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

    /// Where replicas tell each other of new counts.
    fn channel(&self) -> String {
        format!("{}:changes", self.key_start)
    }

    /// Hears of new counts from all replicas, this one too, for as long as it runs.
    pub(crate) async fn listen(self: Arc<Self>, listener: CountListener) {
        pub_sub::listen(self.client.clone(), self.channel(), listener).await;
    }

    /// Reads a missing count from the database, once for all who miss it.
    async fn load(&self, pool: PoolId) -> Result<(), StoreError> {
        self.loads
            .try_get_with(pool, async {
                let counts = on_connection(
                    &self.database,
                    Instant::now() + LOAD_LIMIT,
                    async |client: &Connection| pool_counts(client, &[pool]).await,
                )
                .await?;
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
