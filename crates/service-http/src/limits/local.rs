//! Rate-limit counts in memory, per replica.

use std::num::NonZeroU32;
use std::sync::Arc;

use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use moka::sync::Cache;

use super::client::Client;
use super::status::{RateLimitStatus, WINDOW};

/// Clients kept, least recently used evicted first: some ten megabytes.
const CLIENTS_REMEMBERED: u64 = 50_000;

type Bucket = RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>;

/// One token bucket (GCRA) per client.
pub(super) struct LocalCounts {
    quota: NonZeroU32,
    buckets: Cache<Client, Arc<Bucket>>,
    clock: DefaultClock,
}

impl LocalCounts {
    pub(super) fn new(quota: u32) -> Self {
        Self {
            quota: NonZeroU32::new(quota).unwrap_or(NonZeroU32::MIN),
            buckets: Cache::builder()
                .max_capacity(CLIENTS_REMEMBERED)
                // By then the bucket is full again, like a new one.
                .time_to_idle(WINDOW)
                .build(),
            clock: DefaultClock::default(),
        }
    }

    pub(super) fn count(&self, client: &Client) -> RateLimitStatus {
        let new = || {
            let bucket = RateLimiter::direct(Quota::per_minute(self.quota));
            Arc::new(bucket.with_middleware::<StateInformationMiddleware>())
        };
        let quota = self.quota.get();
        match self.buckets.get_with_by_ref(client, new).check() {
            Ok(state) => RateLimitStatus {
                quota,
                remaining: state.remaining_burst_capacity(),
                wait: None,
            },
            Err(refused) => RateLimitStatus {
                quota,
                remaining: 0,
                wait: Some(refused.wait_time_from(self.clock.now())),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_minutes_worth_may_come_at_once_and_no_more() {
        let counts = LocalCounts::new(3);
        let (asha, ben) = (Client(1), Client(2));
        for remaining in [2, 1, 0] {
            let rate_limit_status = counts.count(&asha);
            assert_eq!(
                (rate_limit_status.remaining, rate_limit_status.wait),
                (remaining, None)
            );
        }
        let refused = counts.count(&asha);
        let wait = refused.wait.unwrap();
        assert!(wait <= Duration::from_secs(20), "{wait:?}");
        assert!(wait > Duration::from_secs(10), "{wait:?}");
        assert_eq!(counts.count(&ben).remaining, 2);
    }
}
