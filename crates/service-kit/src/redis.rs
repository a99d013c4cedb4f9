//! The Redis pool. Redis may be absent, slow or gone at any moment: every caller goes on without it.

use anyhow::Context as _;
use deadpool_redis::redis::cmd;
use deadpool_redis::{Config, Pool, PoolConfig, Runtime, Timeouts};
use secrecy::ExposeSecret as _;

use crate::settings::RedisSettings;

/// A pool of connections with a limit on every wait, or nothing where Redis is switched off. Nothing
/// is connected yet.
///
/// # Errors
/// When `redis.url` is malformed.
pub fn pool(settings: &RedisSettings) -> anyhow::Result<Option<Pool>> {
    if !settings.enabled {
        return Ok(None);
    }
    let url = match &settings.url {
        Some(url) => url.expose_secret().to_owned(),
        None => format!("redis://{}:{}", settings.host, settings.port),
    };
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
    Ok(Some(pool))
}

/// Whether Redis answers.
pub async fn is_up(pool: &Pool) -> bool {
    match pool.get().await {
        Ok(mut connection) => cmd("PING")
            .query_async::<String>(&mut connection)
            .await
            .is_ok(),
        Err(_) => false,
    }
}
