//! Bookings in Redis, for those who look at them: `temp_booking:{booking}`, pending ones until their
//! deadline, ended ones for a while.
//!
//! PostgreSQL is the truth. Writers put each change of a booking here that somebody may have looked at, and
//! readers what they find; a snapshot never goes over a newer one. Where Redis does not answer in time, or has
//! none, PostgreSQL is asked; and once a second for a booking that has not ended, because the snapshot of its
//! last change may not have come through.

use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::redis::Script;
use domain::HoldId;
use jiff::Timestamp;
use lifecycle::State;
use service_kit::redis::{BriefCalls, Redis};

use super::booking::{Booking, Door};

/// How long a decided booking is kept.
const ENDED_LIFETIME: Duration = Duration::from_secs(60);

/// Longer than any booking is pending past its deadline while its services answer.
const PENDING_MARGIN: Duration = Duration::from_secs(60);

/// How long a snapshot of a booking that has not ended is answered without asking PostgreSQL again.
const FRESH_MS: i64 = 1000;

/// Puts a snapshot there unless a newer one is: `version value milliseconds`. When that was is by Redis's
/// clock.
const PUT: &str = "
    local known = redis.call('HGET', KEYS[1], 'version')
    if known and tonumber(known) > tonumber(ARGV[1]) then return 0 end
    local time = redis.call('TIME')
    redis.call('HSET', KEYS[1], 'version', ARGV[1], 'booking', ARGV[2],
               'kept_at_ms', time[1] * 1000 + math.floor(time[2] / 1000))
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
    return 1";

/// The snapshot and its age in milliseconds.
const FIND: &str = "
    local found = redis.call('HMGET', KEYS[1], 'booking', 'kept_at_ms')
    if not found[1] or not found[2] then return nil end
    local time = redis.call('TIME')
    return {found[1], time[1] * 1000 + math.floor(time[2] / 1000) - found[2]}";

/// Where snapshots are kept.
#[derive(Clone)]
pub struct Snapshots {
    redis: Option<Kept>,
}

#[derive(Clone)]
struct Kept {
    redis: BriefCalls,
    key_prefix: String,
    put: Arc<Script>,
    find: Arc<Script>,
}

impl Snapshots {
    /// Snapshots in this Redis, each call bounded; without one nothing is kept.
    #[must_use]
    pub fn new(redis: Option<Redis>, timeout: Duration, key_prefix: &str) -> Self {
        let failures = metrics::counter!("booking_snapshots_failed_total");
        Self {
            redis: redis.map(|redis| Kept {
                redis: BriefCalls::new(redis.pool, timeout, failures),
                key_prefix: key_prefix.to_owned(),
                put: Arc::new(Script::new(PUT)),
                find: Arc::new(Script::new(FIND)),
            }),
        }
    }

    /// Keeps a booking as it stands; but not one of tickets, which is looked up in its row.
    pub async fn keep(&self, booking: &Booking) {
        let kept = self.redis.as_ref().filter(|_| booking.door != Door::Event);
        if let Some(kept) = kept {
            kept.put(booking).await;
        }
    }

    /// An order's snapshot, if there is one that can be trusted.
    pub async fn find(&self, order: HoldId) -> Option<Booking> {
        let kept = self.redis.as_ref()?;
        let found = kept.find(order).await?;
        let result = if found.is_some() { "hit" } else { "miss" };
        metrics::counter!("booking_snapshots_total", "result" => result).increment(1);
        found
    }
}

impl Kept {
    fn key(&self, order: HoldId) -> String {
        format!("{}temp_booking:{{{order}}}", self.key_prefix)
    }

    /// `None` where Redis did not take it.
    async fn put(&self, booking: &Booking) -> Option<()> {
        let lifetime = if booking.life.is_decided() {
            ENDED_LIFETIME
        } else {
            let left = booking.deadline_at.duration_since(Timestamp::now());
            Duration::try_from(left).unwrap_or_default() + PENDING_MARGIN
        };
        let mut putting = self.put.prepare_invoke();
        putting
            .key(self.key(booking.hold))
            .arg(booking.version)
            .arg(serde_json::to_string(booking).ok()?)
            .arg(u64::try_from(lifetime.as_millis()).ok()?);
        let put: Option<i64> = self
            .redis
            .call(async |redis| putting.invoke_async(redis).await)
            .await;
        put.map(drop)
    }

    /// `None` where Redis did not answer.
    async fn find(&self, order: HoldId) -> Option<Option<Booking>> {
        let mut finding = self.find.prepare_invoke();
        finding.key(self.key(order));
        let stored: Option<(String, i64)> = self
            .redis
            .call(async |redis| finding.invoke_async(redis).await)
            .await?;
        Some(stored.and_then(|(text, age_ms)| {
            let booking: Booking = serde_json::from_str(&text).ok()?;
            let is_over = matches!(booking.life.shown, State::Ended(_));
            (is_over || age_ms <= FRESH_MS).then_some(booking)
        }))
    }
}
