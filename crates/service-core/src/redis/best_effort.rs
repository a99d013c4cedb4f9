//! Calls to Redis that are not worth waiting for.
//!
//! One connection is shared by all calls, which travel on it side by side. A call that fails or takes too long
//! breaks the connection. While it is broken calls are not made at all, and a new one is opened in the
//! background: nobody waits for a Redis that is gone or slow.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use deadpool_redis::Pool;
use deadpool_redis::redis::RedisResult;
use deadpool_redis::redis::aio::MultiplexedConnection;
use metrics::Counter;
use tokio::sync::Notify;

/// The pause before a broken connection is opened again: long enough not to burden a struggling server, short
/// enough that Redis is used again within a second.
const RECONNECT_DELAY: Duration = Duration::from_millis(200);

/// How long opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// A connection for calls that each have a few milliseconds, and are done without where Redis does not answer.
/// Clones share it.
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
    /// Whether the last call or attempt to connect failed.
    is_broken: AtomicBool,
    connected: Notify,
}

impl BestEffortRedis {
    /// Calls by a connection of this pool, each of which may take so long; those that fail are counted, those
    /// that are not made are not. Nothing is connected yet.
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

    /// Makes a call, unless the connection is broken. `None` where there was no answer.
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
        tracing::debug!(failure, "redis did not answer");
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
            // The first connection is worth a call's time.
            tokio::time::timeout(self.timeout, connected).await.ok()?;
        }
        let connection = self.shared.connection.load_full();
        connection.map(|connection| MultiplexedConnection::clone(&connection))
    }

    /// Opens a connection in the background, one attempt at a time.
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

/// A connection is being opened until this is dropped, however the attempt ends.
struct Connecting(Arc<Shared>);

impl Drop for Connecting {
    fn drop(&mut self) {
        self.0.is_connecting.store(false, Ordering::Release);
        self.0.connected.notify_waiters();
    }
}
