//! Bookings in Redis, for those who look at them: `temp_booking:{booking}`, pending ones until their
//! deadline, ended ones for a while.
//!
//! PostgreSQL is the truth. Writers put each change of a booking here that somebody may have looked at,
//! readers only such as have ended; a snapshot never goes over a newer one. Where Redis does not answer in
//! time, or has none, PostgreSQL is asked.

use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::redis::{AsyncCommands as _, Script};
use domain::HoldId;
use jiff::Timestamp;
use service_kit::redis::{BriefCalls, Redis};

use super::booking::{Booking, Door};

/// How long a decided booking is kept.
const ENDED_LIFETIME: Duration = Duration::from_secs(60);

/// Longer than any booking is pending past its deadline while its services answer.
const PENDING_MARGIN: Duration = Duration::from_secs(60);

/// Puts a snapshot there unless a newer one is: `version value milliseconds`.
const PUT: &str = "
    local known = redis.call('HGET', KEYS[1], 'version')
    if known and tonumber(known) >= tonumber(ARGV[1]) then return 0 end
    redis.call('HSET', KEYS[1], 'version', ARGV[1], 'booking', ARGV[2])
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
    return 1";

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
}

impl Snapshots {
    /// Snapshots in this Redis, each call bounded; without one nothing is kept.
    #[must_use]
    pub fn new(redis: Option<Redis>, timeout: Duration, key_prefix: &str) -> Self {
        Self {
            redis: redis.map(|redis| Kept {
                redis: BriefCalls::new(redis.pool, timeout),
                key_prefix: key_prefix.to_owned(),
                put: Arc::new(Script::new(PUT)),
            }),
        }
    }

    /// Keeps a booking as it stands; but not one of tickets, which is looked up in its row.
    pub async fn keep(&self, booking: &Booking) {
        let kept = self.redis.as_ref().filter(|_| booking.door != Door::Event);
        let Some(kept) = kept else { return };
        if kept.put(booking).await.is_none() {
            metrics::counter!("booking_snapshots_failed_total").increment(1);
        }
    }

    /// An order's snapshot, if there is one.
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
        let key = self.key(order);
        let stored: Option<String> = self
            .redis
            .call(async |redis| redis.hget(&key, "booking").await)
            .await?;
        Some(stored.and_then(|text| serde_json::from_str(&text).ok()))
    }
}
