//! Redis. It may be absent, slow or gone at any moment; every caller works without it.

mod best_effort;

use anyhow::Context as _;
use deadpool_redis::redis::{Client, cmd};
use deadpool_redis::{Config, Pool, PoolConfig, Runtime, Timeouts};
use secrecy::ExposeSecret as _;

pub use self::best_effort::BestEffortRedis;
use crate::settings::RedisSettings;

/// Connections to one Redis, opened on demand.
#[derive(Clone)]
pub struct Redis {
    /// Pooled connections; every wait has a limit.
    pub pool: Pool,
    /// Opens dedicated connections, such as for subscriptions.
    pub client: Client,
}

/// Redis as configured; `None` if it is disabled.
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
    /// Whether it answers PING.
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
