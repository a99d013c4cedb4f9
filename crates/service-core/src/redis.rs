//! Redis. It may be absent, slow or gone at any moment: every caller goes on without it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use deadpool_redis::redis::{Client, RedisResult, cmd};
use deadpool_redis::{Config, Connection, Pool, PoolConfig, Runtime, Timeouts};
use metrics::Counter;
use secrecy::ExposeSecret as _;

use crate::settings::RedisSettings;

/// Ways to reach a Redis. Nothing is connected yet.
#[derive(Clone)]
pub struct Redis {
    /// Connections for calls, with a limit on every wait.
    pub pool: Pool,
    /// For connections of their own, such as subscriptions.
    pub client: Client,
}

/// How long Redis is left alone after a call that failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Calls that are not worth waiting for: each has a few milliseconds, and after one that failed none is made
/// for a second. Clones share the pause.
#[derive(Clone)]
pub struct BestEffortRedis {
    pool: Pool,
    timeout: Duration,
    failures: Counter,
    started: Instant,
    /// Milliseconds after `started` before which no call is made.
    paused_until_ms: Arc<AtomicU64>,
}

impl BestEffortRedis {
    /// Calls through this pool, each of which may take so long; those that fail are counted, those that are
    /// not made are not.
    #[must_use]
    pub fn new(pool: Pool, timeout: Duration, failures: Counter) -> Self {
        Self {
            pool,
            timeout,
            failures,
            started: Instant::now(),
            paused_until_ms: Arc::new(AtomicU64::new(0)),
        }
    }

    /// Makes a call, unless one failed a moment ago. `None` where there was no answer.
    pub async fn call<T>(
        &self,
        call: impl AsyncFnOnce(&mut Connection) -> RedisResult<T>,
    ) -> Option<T> {
        if self.now_ms() < self.paused_until_ms.load(Ordering::Relaxed) {
            return None;
        }
        let calling = async { call(&mut self.pool.get().await.ok()?).await.ok() };
        let answer = tokio::time::timeout(self.timeout, calling).await;
        if let Ok(Some(answer)) = answer {
            return Some(answer);
        }
        self.failures.increment(1);
        let pause_ms = u64::try_from(PAUSE.as_millis()).unwrap_or(u64::MAX);
        let until = self.now_ms().saturating_add(pause_ms);
        self.paused_until_ms.store(until, Ordering::Relaxed);
        None
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// The Redis of these settings, or nothing where it is switched off.
///
/// # Errors
/// When `redis.url` is malformed.
pub fn open(settings: &RedisSettings) -> anyhow::Result<Option<Redis>> {
    if !settings.enabled {
        return Ok(None);
    }
    let url = match &settings.url {
        Some(url) => url.expose_secret().to_owned(),
        None => format!("redis://{}:{}", settings.host, settings.port),
    };
    let client = Client::open(url.as_str()).context("redis.url is malformed")?;
    let mut config = Config::from_url(url);
    config.pool = Some(PoolConfig {
        max_size: settings.pool_size,
        timeouts: Timeouts {
            wait: Some(settings.connect_timeout),
            create: Some(settings.connect_timeout),
            recycle: Some(settings.connect_timeout),
        },
        ..PoolConfig::default()
    });
    let pool = config
        .create_pool(Some(Runtime::Tokio1))
        .context("redis.url is malformed")?;
    Ok(Some(Redis { pool, client }))
}

impl Redis {
    /// Whether it answers.
    pub async fn is_up(&self) -> bool {
        match self.pool.get().await {
            Ok(mut connection) => cmd("PING")
                .query_async::<String>(&mut connection)
                .await
                .is_ok(),
            Err(_) => false,
        }
    }
}
