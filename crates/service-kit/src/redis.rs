//! The Redis pool. Redis may be absent, slow or gone at any moment: every caller goes on without it.

use anyhow::Context as _;
use deadpool_redis::{Config, Connection, Pool, PoolConfig, Runtime, Timeouts};
use secrecy::ExposeSecret as _;

use crate::settings::RedisSettings;

/// Redis with a limit on every wait, or nothing where it is switched off.
#[derive(Clone)]
pub struct Redis {
    pool: Option<Pool>,
    key_prefix: String,
    settings: RedisSettings,
}

impl Redis {
    /// A pool by these settings. Nothing is connected yet.
    ///
    /// # Errors
    /// When `redis.url` is malformed.
    pub fn new(settings: &RedisSettings) -> anyhow::Result<Self> {
        let url = match &settings.url {
            Some(url) => url.expose_secret().to_owned(),
            None => format!("redis://{}:{}", settings.host, settings.port),
        };
        let pool = settings
            .enabled
            .then(|| {
                let mut config = Config::from_url(url);
                config.pool = Some(PoolConfig {
                    max_size: settings.pool_size,
                    timeouts: Timeouts {
                        wait: Some(settings.timeout),
                        create: Some(settings.timeout),
                        recycle: Some(settings.timeout),
                    },
                    ..PoolConfig::default()
                });
                config
                    .create_pool(Some(Runtime::Tokio1))
                    .context("redis.url is malformed")
            })
            .transpose()?;
        Ok(Self {
            pool,
            key_prefix: settings.key_prefix.clone(),
            settings: settings.clone(),
        })
    }

    /// Whether Redis is meant to be there.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.pool.is_some()
    }

    /// A key of this deployment.
    #[must_use]
    pub fn key(&self, name: &str) -> String {
        format!("{}{name}", self.key_prefix)
    }

    /// Runs a call to Redis within the time limit; `None` when Redis is off, away, slow or answers an
    /// error, which is counted.
    pub async fn call<T, F>(&self, operation: &'static str, call: F) -> Option<T>
    where
        F: AsyncFnOnce(&mut Connection) -> deadpool_redis::redis::RedisResult<T>,
    {
        let pool = self.pool.as_ref()?;
        let attempt = async {
            let mut connection = pool.get().await.map_err(|error| error.to_string())?;
            let result = call(&mut connection).await;
            if let Err(error) = &result
                && error.is_unrecoverable_error()
            {
                drop(Connection::take(connection));
            }
            result.map_err(|error| error.to_string())
        };
        let failure = match tokio::time::timeout(self.settings.timeout, attempt).await {
            Ok(Ok(value)) => return Some(value),
            Ok(Err(error)) => error,
            Err(_) => "no answer in time".to_owned(),
        };
        metrics::counter!("redis_failures_total", "operation" => operation).increment(1);
        tracing::debug!(operation, failure, "redis call failed");
        None
    }

    /// Whether Redis answers; true where it is switched off, because then nobody waits for it.
    pub async fn is_up(&self) -> bool {
        if self.pool.is_none() {
            return true;
        }
        self.call("ping", async |connection| {
            deadpool_redis::redis::cmd("PING")
                .query_async::<String>(connection)
                .await
        })
        .await
        .is_some()
    }
}
