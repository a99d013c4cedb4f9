//! Best-effort calls to Redis, with a circuit breaker.
//!
//! All calls share one multiplexed connection. A failed or slow call breaks it. Until a background task has
//! reconnected, calls return at once: nobody waits for a Redis that is gone or slow.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use deadpool_redis::Pool;
use deadpool_redis::redis::RedisResult;
use deadpool_redis::redis::aio::MultiplexedConnection;
use metrics::Counter;
use tokio::sync::Notify;

/// Pause before a reconnect: long enough to spare a struggling server, short enough to use Redis again within a
/// second.
const RECONNECT_DELAY: Duration = Duration::from_millis(200);

/// Time limit of a connection attempt.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Calls with a time limit of a few milliseconds, skipped while Redis does not answer. Clones share the
/// connection.
#[derive(Clone)]
pub struct BestEffortRedis {
    shared: Arc<Shared>,
    timeout: Duration,
    failures: Counter,
}

struct Shared {
    redis: Pool,
    connection: ArcSwapOption<MultiplexedConnection>,
    is_connecting: AtomicBool,
    /// Whether the last call or connection attempt failed.
    is_broken: AtomicBool,
    connected: Notify,
}

impl BestEffortRedis {
    /// Calls over a connection of this pool, each limited to `timeout`. `failures` counts failed calls, not
    /// skipped ones. The connection is opened on demand.
    #[must_use]
    pub fn new(redis: Pool, timeout: Duration, failures: Counter) -> Self {
        let shared = Shared {
            redis,
            connection: ArcSwapOption::empty(),
            is_connecting: AtomicBool::new(false),
            is_broken: AtomicBool::new(false),
            connected: Notify::new(),
        };
        Self {
            shared: Arc::new(shared),
            timeout,
            failures,
        }
    }

    /// Makes a call unless the connection is broken. `None` if there was no answer.
    pub async fn call<T>(
        &self,
        call: impl AsyncFnOnce(&mut MultiplexedConnection) -> RedisResult<T>,
    ) -> Option<T> {
        let mut connection = self.connection().await?;
        let failure = match tokio::time::timeout(self.timeout, call(&mut connection)).await {
            Ok(Ok(value)) => return Some(value),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        self.failures.increment(1);
        tracing::debug!(failure, "redis call failed");
        self.shared.is_broken.store(true, Ordering::Release);
        self.shared.connection.store(None);
        self.connect(RECONNECT_DELAY);
        None
    }

    async fn connection(&self) -> Option<MultiplexedConnection> {
        if let Some(connection) = self.shared.connection.load_full() {
            return Some(MultiplexedConnection::clone(&connection));
        }
        let connected = self.shared.connected.notified();
        self.connect(Duration::ZERO);
        if !self.shared.is_broken.load(Ordering::Acquire) {
            // The first call may wait for the connection, within its own time limit.
            tokio::time::timeout(self.timeout, connected).await.ok()?;
        }
        let connection = self.shared.connection.load_full();
        connection.map(|connection| MultiplexedConnection::clone(&connection))
    }

    /// Reconnects in the background, one attempt at a time.
    fn connect(&self, pause: Duration) {
        if self.shared.is_connecting.swap(true, Ordering::AcqRel) {
            return;
        }
        let connecting = Connecting(Arc::clone(&self.shared));
        let failures = self.failures.clone();
        tokio::spawn(async move {
            let Connecting(shared) = &connecting;
            tokio::time::sleep(pause).await;
            let opened = tokio::time::timeout(CONNECT_TIMEOUT, shared.redis.get()).await;
            if let Ok(Ok(connection)) = opened {
                let connection = MultiplexedConnection::clone(&connection);
                shared.connection.store(Some(Arc::new(connection)));
                shared.is_broken.store(false, Ordering::Release);
            } else {
                failures.increment(1);
                shared.is_broken.store(true, Ordering::Release);
                tokio::time::sleep(RECONNECT_DELAY).await;
            }
        });
    }
}

/// Marks an attempt in progress until dropped, however it ends.
struct Connecting(Arc<Shared>);

impl Drop for Connecting {
    fn drop(&mut self) {
        self.0.is_connecting.store(false, Ordering::Release);
        self.0.connected.notify_waiters();
    }
}
