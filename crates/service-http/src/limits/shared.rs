//! Rate-limit counts in Redis, shared by all replicas.
//!
//! Per client one number is kept: when its bucket will be full again. Redis's clock counts, so replicas with
//! different clocks agree.

use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::redis::Script;

use super::client::Client;
use super::status::{RateLimitStatus, WINDOW};
use service_core::redis::{BestEffortRedis, Redis};

/// GCRA, with microseconds per request and per window as arguments. Returns whether the request was counted,
/// how much of the window is used, and the wait for the next request.
const COUNT: &str = "
    local time = redis.call('TIME')
    local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
    local each, window = tonumber(ARGV[1]), tonumber(ARGV[2])
    local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or 0) or 0, now)
    local next_full_at = full_at + each
    local wait = next_full_at - window - now
    if wait > 0 then return {0, full_at - now, wait} end
    local kept = math.ceil((next_full_at - now) / 1000)
    redis.call('SET', KEYS[1], string.format('%.0f', next_full_at), 'PX', kept)
    return {1, next_full_at - now, 0}";

pub(super) struct SharedCounts {
    calls: BestEffortRedis,
    key_prefix: String,
    script: Arc<Script>,
}

impl SharedCounts {
    pub(super) fn new(redis: &Redis, timeout: Duration, key_prefix: &str, service: &str) -> Self {
        let failures = metrics::counter!("rate_limit_failures_total");
        Self {
            calls: BestEffortRedis::new(redis.pool.clone(), timeout, failures),
            key_prefix: format!("{key_prefix}rate_limit:{service}:"),
            script: Arc::new(Script::new(COUNT)),
        }
    }

    /// `None` if Redis does not answer in time.
    pub(super) async fn count(&self, client: &Client, quota: u32) -> Option<RateLimitStatus> {
        let window = u64::try_from(WINDOW.as_micros()).ok()?;
        let each = (window / u64::from(quota)).max(1);
        let mut count = self.script.prepare_invoke();
        count
            .key(format!("{}{{{:032x}}}", self.key_prefix, client.0))
            .arg(each)
            .arg(each.saturating_mul(u64::from(quota)));
        let (counted, used, wait): (u8, u64, u64) = self
            .calls
            .call(async |redis| count.invoke_async(redis).await)
            .await?;
        let used = u32::try_from(used.div_ceil(each)).unwrap_or(u32::MAX);
        Some(RateLimitStatus {
            quota,
            remaining: quota.saturating_sub(used),
            wait: (counted == 0).then(|| Duration::from_micros(wait)),
        })
    }
}
