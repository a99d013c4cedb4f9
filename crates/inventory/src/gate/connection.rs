//! One connection to Redis, shared by all calls, which travel on it side by side.
//!
//! A call that fails or takes too long breaks the connection. While it is broken calls are not made at all,
//! and a new connection is opened in the background: nobody waits for a Redis that is gone or slow.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use deadpool_redis::Pool;
use deadpool_redis::redis::RedisResult;
use deadpool_redis::redis::aio::MultiplexedConnection;

/// The pause before a broken connection is reconnected: long enough not to burden a struggling server, short
/// enough that the gate is back within a second.
const RECONNECT_DELAY: Duration = Duration::from_millis(200);

/// How long opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

pub(super) struct ReconnectingConnection {
    shared: Arc<Shared>,
    timeout: Duration,
}

struct Shared {
    redis: Pool,
    connection: ArcSwapOption<MultiplexedConnection>,
    is_mending: AtomicBool,
}

impl ReconnectingConnection {
    pub(super) fn new(redis: Pool, timeout: Duration) -> Self {
        let shared = Shared {
            redis,
            connection: ArcSwapOption::empty(),
            is_mending: AtomicBool::new(false),
        };
        Self {
            shared: Arc::new(shared),
            timeout,
        }
    }

    /// Makes a call, unless the connection is broken; `None` when there is no answer.
    pub(super) async fn call<T>(
        &self,
        call: impl AsyncFnOnce(&mut MultiplexedConnection) -> RedisResult<T>,
    ) -> Option<T> {
        let Some(connection) = self.shared.connection.load_full() else {
            self.reconnect(Duration::ZERO);
            return None;
        };
        let mut connection = MultiplexedConnection::clone(&connection);
        let failure = match tokio::time::timeout(self.timeout, call(&mut connection)).await {
            Ok(Ok(value)) => return Some(value),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        metrics::counter!("inventory_gate_failures_total").increment(1);
        tracing::debug!(failure, "gate bypassed: redis did not answer");
        self.shared.connection.store(None);
        self.reconnect(RECONNECT_DELAY);
        None
    }

    /// Opens a connection in the background, one attempt at a time.
    fn reconnect(&self, pause: Duration) {
        if self.shared.is_mending.swap(true, Ordering::AcqRel) {
            return;
        }
        let mending = Mending(Arc::clone(&self.shared));
        tokio::spawn(async move {
            let Mending(shared) = &mending;
            tokio::time::sleep(pause).await;
            let opened = tokio::time::timeout(CONNECT_TIMEOUT, shared.redis.get()).await;
            if let Ok(Ok(connection)) = opened {
                shared.connection.store(Some(Arc::new(connection.clone())));
            } else {
                tokio::time::sleep(RECONNECT_DELAY).await;
            }
        });
    }
}

/// The connection is being reconnected until this is dropped, however the attempt ends.
struct Mending(Arc<Shared>);

impl Drop for Mending {
    fn drop(&mut self) {
        self.0.is_mending.store(false, Ordering::Release);
    }
}
