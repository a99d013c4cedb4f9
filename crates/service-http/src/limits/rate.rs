//! The rate limit.
//!
//! The quota is a token bucket that fills evenly (GCRA): a whole minute's worth may come at once, and what
//! was used comes back gradually, so that no client waits for a window to end. Counts are in Redis, shared by
//! all replicas; while Redis does not answer, each replica counts on its own. Other services are not counted:
//! they act for clients who were.
//!
//! Each address has a quota of its own besides, however many clients it has, counted in memory before any
//! other work is done: so neither accounts nor forged tokens multiply what one machine may send, and a
//! refusal costs next to nothing. Connections have a quota too; a connection that brought nothing readable as
//! a request counts as a request. Health endpoints have a third quota, which other requests can't use up.

use std::net::IpAddr;
use std::sync::Arc;

use super::client::Client;
use super::local::LocalCounts;
use super::shared::SharedCounts;
use super::status::RateLimitStatus;
use service_core::redis::Redis;
use service_core::settings::LimitSettings;
use service_core::settings::{AuthMode, RedisSettings};

/// Clones share the counts.
#[derive(Clone)]
pub struct RateLimit(Arc<Inner>);

struct Inner {
    quota: u32,
    shared: Option<SharedCounts>,
    local: LocalCounts,
    of_addresses: LocalCounts,
    connections: LocalCounts,
}

/// Every address may connect this often a minute, however small its request quota: a client that exceeds it
/// is to read a 429, not to find its connections closed.
const CONNECTIONS_AT_LEAST: u32 = 12_000;

impl RateLimit {
    /// The configured limit, if there is one. Counts are shared through this Redis.
    #[must_use]
    pub fn new(
        service: &str,
        limits: &LimitSettings,
        mode: AuthMode,
        redis: Option<(&Redis, &RedisSettings)>,
    ) -> Option<Self> {
        let quota = limits.requests_per_minute(mode)?;
        let of_address = limits.requests_per_minute_of_address(quota);
        let shared = redis.map(|(redis, settings)| {
            SharedCounts::new(redis, settings.timeout, &settings.key_prefix, service)
        });
        Some(Self(Arc::new(Inner {
            quota,
            shared,
            local: LocalCounts::new(quota),
            of_addresses: LocalCounts::new(of_address),
            connections: LocalCounts::new(of_address.max(CONNECTIONS_AT_LEAST)),
        })))
    }

    /// Counts a request for its address, whoever sends it.
    #[must_use]
    pub fn count_at(&self, address: IpAddr) -> RateLimitStatus {
        self.0.of_addresses.count(&Client::named("all at", address))
    }

    /// Counts a request for a health endpoint.
    #[must_use]
    pub fn count_health_request(&self, address: IpAddr) -> RateLimitStatus {
        self.0
            .of_addresses
            .count(&Client::named("watcher at", address))
    }

    /// Counts a connection; `false` if it is one too many.
    #[must_use]
    pub fn connects(&self, address: IpAddr) -> bool {
        let connections = Client::named("connections of", address);
        self.0.connections.count(&connections).wait.is_none()
    }

    /// Counts bytes from an address that were no request.
    pub async fn count_unreadable(&self, address: IpAddr) {
        self.count(&Client::named("address", address)).await;
    }

    pub async fn count(&self, client: &Client) -> RateLimitStatus {
        let Inner {
            quota,
            shared,
            local,
            ..
        } = &*self.0;
        let counted = match shared {
            Some(shared) => shared.count(client, *quota).await,
            None => None,
        };
        counted.unwrap_or_else(|| local.count(client))
    }
}
