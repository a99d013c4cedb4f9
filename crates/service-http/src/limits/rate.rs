//! Requests of one client, and how many it may make.
//!
//! The quota is a bucket that fills evenly (GCRA): a whole minute's worth may come at once, and what was
//! used comes back bit by bit, so that no client waits for a window to turn. The counts are in Redis, where
//! all replicas share them; while Redis does not answer, each replica counts alone. Other services are not
//! counted: they ask on behalf of clients who were.
//!
//! However many clients one address has, it has a quota of its own besides, which each replica counts in memory
//! before anything else is done: so neither accounts nor made-up tokens multiply what one machine may ask, and
//! what is refused costs next to nothing. Connections are counted in the same way, and one that brought nothing that
//! could be read as a request counts as one. Those who watch the service have a third such quota, so that nobody else's requests use it up.

use std::net::IpAddr;
use std::sync::Arc;

use super::client::Client;
use super::local::LocalCounts;
use super::shared::SharedCounts;
use super::status::RateLimitStatus;
use service_core::redis::Redis;
use service_core::settings::LimitSettings;
use service_core::settings::{AuthMode, RedisSettings};

/// How much one client may ask.
#[derive(Clone)]
pub struct RateLimit(Arc<Inner>);

struct Inner {
    quota: u32,
    shared: Option<SharedCounts>,
    local: LocalCounts,
    of_addresses: LocalCounts,
    connections: LocalCounts,
}

/// As often may every address connect within a minute, however little it may ask: who asks too much is to be told
/// so, and not to find the door closed.
const CONNECTIONS_AT_LEAST: u32 = 12_000;

impl RateLimit {
    /// The limit that the settings ask for, if they do. The counts are shared through this Redis.
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

    /// Counts a request for its address, whoever makes it.
    #[must_use]
    pub fn count_at(&self, address: IpAddr) -> RateLimitStatus {
        self.0.of_addresses.count(&Client::named("all at", address))
    }

    /// Counts a request of somebody who watches the service.
    #[must_use]
    pub fn count_watcher(&self, address: IpAddr) -> RateLimitStatus {
        self.0
            .of_addresses
            .count(&Client::named("watcher at", address))
    }

    /// Counts a connection, and whether it is not too many.
    #[must_use]
    pub fn connects(&self, address: IpAddr) -> bool {
        let connections = Client::named("connections of", address);
        self.0.connections.count(&connections).wait.is_none()
    }

    /// Counts what came from an address and was no request.
    pub async fn count_unreadable(&self, address: IpAddr) {
        self.count(&Client::named("address", address)).await;
    }

    /// Counts a request of a client.
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
