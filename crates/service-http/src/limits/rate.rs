//! Requests of one client: who it is, what is left of its quota, and what its answers say of that.
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
use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest as _, Sha256};
use tokens::Role;

use super::local::LocalCounts;
use super::shared::SharedCounts;
use crate::Problem;
use service_core::caller::Caller;
use service_core::network::network_of;
use service_core::redis::Redis;
use service_core::settings::LimitSettings;
use service_core::settings::{AuthMode, RedisSettings};

/// The time that a quota is for.
pub(super) const WINDOW: Duration = Duration::from_secs(60);

/// What a client may ask, and what is left of it: the draft of the IETF's HTTPAPI working group.
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit");

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

/// Who is counted: by its subject, else by its address. What is kept is a digest, so that no name and no
/// address is found in Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Client(pub(super) u128);

/// What is left to a client after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimitStatus {
    /// Requests within the window.
    pub(super) quota: u32,
    /// How many of them could be made now.
    pub(super) remaining: u32,
    /// How long to wait for the next one, where this one was too many.
    pub(super) wait: Option<Duration>,
}

impl Client {
    /// Whom a request counts for; none where it is not counted.
    #[must_use]
    pub fn of(caller: Option<&Caller>, address: IpAddr) -> Option<Self> {
        let subject = match caller {
            Some(caller) if caller.role() == Some(Role::Service) => return None,
            Some(caller) => caller.subject(),
            None => None,
        };
        Some(match subject {
            Some(subject) => Self::digest_of(&format!("subject {subject}")),
            None => Self::named("address", address),
        })
    }

    fn named(what: &str, address: IpAddr) -> Self {
        Self::digest_of(&format!("{what} {}", network_of(address)))
    }

    fn digest_of(name: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(name).into();
        // Half of it: no two clients share one.
        let half = digest.first_chunk().copied().unwrap_or_default();
        Self(u128::from_be_bytes(half))
    }
}

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

impl RateLimitStatus {
    /// That the request was not too many.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub fn check(&self) -> Result<(), Problem> {
        let Some(wait) = self.wait else {
            return Ok(());
        };
        metrics::counter!("rate_limited_requests_total").increment(1);
        let seconds = u32::try_from(seconds_up(wait)).unwrap_or(u32::MAX).max(1);
        let detail = format!("at most {} requests a minute are answered", self.quota);
        Err(Problem::too_many(detail, seconds).with_code("rate_limited"))
    }

    /// Says in an answer's headers what the client may ask and what is left of it.
    pub fn describe(&self, headers: &mut HeaderMap) {
        let policy = format!("\"client\";q={};w={}", self.quota, WINDOW.as_secs());
        let remaining = format!("\"client\";r={};t={}", self.remaining, self.full_in());
        for (name, text) in [(POLICY, policy), (REMAINING, remaining)] {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(name, value);
            }
        }
    }

    /// In how many seconds the whole quota is there again.
    fn full_in(&self) -> u64 {
        let used = u64::from(self.quota.saturating_sub(self.remaining));
        (used * WINDOW.as_secs()).div_ceil(u64::from(self.quota.max(1)))
    }
}

/// Whole seconds, the last one counted if it is not over.
fn seconds_up(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(caller: Option<&Caller>, address: &str) -> Option<Client> {
        Client::of(caller, address.parse().unwrap())
    }

    #[test]
    fn a_client_is_its_subject_or_else_its_network() {
        let asha = Caller::known("asha", Role::Customer);
        let at_home = client(Some(&asha), "192.0.2.1");
        assert_eq!(at_home, client(Some(&asha), "198.51.100.7"));
        let ben = Caller::known("ben", Role::Customer);
        assert_ne!(at_home, client(Some(&ben), "192.0.2.1"));
        let nobody = client(None, "192.0.2.1");
        assert_eq!(nobody, client(Some(&Caller::anonymous()), "192.0.2.1"));
        assert_eq!(nobody, client(None, "::ffff:192.0.2.1"));
        assert_ne!(nobody, client(None, "192.0.2.2"));
        assert_eq!(
            client(None, "2001:db8::1"),
            client(None, "2001:db8::ffff:2")
        );
        assert_ne!(client(None, "2001:db8::1"), client(None, "2001:db8:0:1::1"));
        // A name that looks like an address is still a name.
        let named = Caller::known("192.0.2.1", Role::Customer);
        assert_ne!(nobody, client(Some(&named), "192.0.2.1"));
    }

    #[test]
    fn other_services_are_not_counted() {
        let service = Caller::known("booking-service", Role::Service);
        assert_eq!(client(Some(&service), "192.0.2.1"), None);
    }

    #[test]
    fn an_answer_says_what_is_left() {
        let rate_limit_status = RateLimitStatus {
            quota: 120,
            remaining: 119,
            wait: None,
        };
        let mut headers = HeaderMap::new();
        rate_limit_status.describe(&mut headers);
        assert_eq!(headers.get(POLICY).unwrap(), "\"client\";q=120;w=60");
        assert_eq!(headers.get(REMAINING).unwrap(), "\"client\";r=119;t=1");
        assert!(rate_limit_status.check().is_ok());
    }

    #[test]
    fn a_refusal_says_when_to_come_back() {
        let rate_limit_status = RateLimitStatus {
            quota: 120,
            remaining: 0,
            wait: Some(Duration::from_millis(1001)),
        };
        let problem = rate_limit_status.check().unwrap_err();
        assert_eq!(problem.code(), "rate_limited");
        let response = actix_web::ResponseError::error_response(&problem);
        assert_eq!(response.status().as_u16(), 429);
        assert_eq!(response.headers().get("retry-after").unwrap(), "2");
    }
}
