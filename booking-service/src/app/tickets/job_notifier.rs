//! Notifies workers of all replicas of payment jobs, through a Redis stream of their ids.
//!
//! It only saves time. The job is the booking's row in PostgreSQL, and a lost or duplicate notification does
//! no harm: a row that nobody claimed within a second is found by polling, and a claimed row has another
//! version. So entries are not acknowledged, and of unread ones only the newest are kept.

use std::time::Duration;

use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::streams::{StreamReadOptions, StreamReadReply};
use deadpool_redis::redis::{
    AsyncCommands as _, AsyncConnectionConfig, RedisError, RedisResult, cmd, from_redis_value_ref,
    pipe,
};
use domain::HoldId;
use service_core::redis::Redis;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Queue of notifications to send. More are dropped; their jobs are found by polling a second later.
const QUEUE_LIMIT: usize = 4096;

/// Notifications per pipeline.
const SEND_BATCH: usize = 256;

/// Approximate number of entries kept: more than a second's jobs, after which nobody needs them.
const STREAM_MAX_LEN: usize = 16_384;

/// Duration of one blocking read of the stream.
const BLOCK_TIMEOUT: Duration = Duration::from_secs(1);

/// The consumer group of all workers, and the one consumer name that they share, because nothing is kept per
/// consumer.
const GROUP: &str = "workers";

/// A payment job, with its row's version when the notification was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    pub hold: HoldId,
    pub version: i64,
}

impl Job {
    /// The job of a new booking.
    #[must_use]
    pub fn new(hold: HoldId) -> Self {
        Self { hold, version: 1 }
    }
}

/// Sends notifications without blocking. Clones share the queue.
#[derive(Clone)]
pub struct JobNotifier {
    sender: Option<mpsc::Sender<Job>>,
}

#[derive(Clone)]
pub struct Stream {
    redis: Redis,
    key: String,
}

impl JobNotifier {
    /// Without a stream, so that workers find jobs by polling only.
    #[must_use]
    pub fn disabled() -> Self {
        Self { sender: None }
    }

    /// The notifier and its queue, which is handed to [`Stream::send`].
    #[must_use]
    pub fn new() -> (Self, mpsc::Receiver<Job>) {
        let (sender, notifications) = mpsc::channel(QUEUE_LIMIT);
        let sender = Some(sender);
        (Self { sender }, notifications)
    }

    /// Does not block.
    pub fn notify(&self, job: Job) {
        let sent = self.sender.as_ref().map(|sender| sender.try_send(job));
        if !matches!(sent, Some(Ok(()))) {
            metrics::counter!("payment_job_notifications_dropped_total").increment(1);
        }
    }
}

impl Stream {
    #[must_use]
    pub fn new(redis: Redis, key_prefix: &str) -> Self {
        Self {
            redis,
            key: format!("{key_prefix}payment_jobs"),
        }
    }

    /// Sends queued notifications until every notifier is dropped.
    pub async fn send(&self, notifications: &mut mpsc::Receiver<Job>) {
        let mut jobs = Vec::with_capacity(SEND_BATCH);
        while notifications.recv_many(&mut jobs, SEND_BATCH).await > 0 {
            if let Err(error) = self.add(&jobs).await {
                let dropped = u64::try_from(jobs.len()).unwrap_or(u64::MAX);
                metrics::counter!("payment_job_notifications_dropped_total").increment(dropped);
                tracing::debug!(error = %error, "sending job notifications failed");
            }
            jobs.clear();
        }
    }

    async fn add(&self, jobs: &[Job]) -> anyhow::Result<()> {
        let mut connection = self.redis.pool.get().await?;
        let mut adding = pipe();
        for job in jobs {
            adding
                .cmd("XADD")
                .arg(&self.key)
                .arg("MAXLEN")
                .arg("~")
                .arg(STREAM_MAX_LEN)
                .arg("*")
                .arg("job")
                .arg(format!("{}:{}", job.hold, job.version))
                .ignore();
        }
        let sent = adding.query_async::<()>(&mut connection);
        tokio::time::timeout(BLOCK_TIMEOUT, sent).await??;
        Ok(())
    }

    /// A receiver with its own connection.
    pub async fn listen(&self) -> RedisResult<NotificationReceiver> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(BLOCK_TIMEOUT))
            // Longer than a blocking read, to leave time for the answer.
            .set_response_timeout(Some(BLOCK_TIMEOUT * 2));
        let client = &self.redis.client;
        let connection = client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        let mut receiver = NotificationReceiver {
            connection,
            key: self.key.clone(),
        };
        receiver.ensure_group().await?;
        Ok(receiver)
    }
}

pub struct NotificationReceiver {
    connection: MultiplexedConnection,
    key: String,
}

impl NotificationReceiver {
    /// Creates the consumer group if it is missing: Redis may have been flushed.
    async fn ensure_group(&mut self) -> RedisResult<()> {
        let made: RedisResult<()> = cmd("XGROUP")
            .arg("CREATE")
            .arg(&self.key)
            .arg(GROUP)
            .arg("0")
            .arg("MKSTREAM")
            .query_async(&mut self.connection)
            .await;
        match made {
            Err(error) if is_code(&error, "BUSYGROUP") => Ok(()),
            made => made,
        }
    }

    /// The next jobs, at most `at_most`; empty if none arrive within a second.
    pub async fn next(
        &mut self,
        at_most: usize,
        stop: &CancellationToken,
    ) -> RedisResult<Vec<Job>> {
        let options = StreamReadOptions::default()
            .group(GROUP, GROUP)
            .noack()
            .count(at_most)
            .block(usize::try_from(BLOCK_TIMEOUT.as_millis()).unwrap_or(usize::MAX));
        let keys = [&self.key];
        let read = self
            .connection
            .xread_options::<_, _, Option<StreamReadReply>>(&keys, &[">"], &options);
        let reply = match stop.run_until_cancelled(read).await {
            None => return Ok(Vec::new()),
            Some(Err(error)) if is_code(&error, "NOGROUP") => {
                self.ensure_group().await?;
                return Ok(Vec::new());
            }
            Some(reply) => reply?,
        };
        let entries = reply
            .into_iter()
            .flat_map(|reply| reply.keys)
            .flat_map(|stream| stream.ids);
        Ok(entries
            .filter_map(|entry| {
                let job: String = from_redis_value_ref(entry.map.get("job")?).ok()?;
                parse(&job)
            })
            .collect())
    }
}

fn is_code(error: &RedisError, code: &str) -> bool {
    error.code() == Some(code)
}

/// `None` for malformed entries.
fn parse(text: &str) -> Option<Job> {
    let (hold, version) = text.split_once(':')?;
    Some(Job {
        hold: hold.parse().ok()?,
        version: version.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_are_not_jobs_are_skipped() {
        let hold = HoldId::generate();
        let job = Job { hold, version: 7 };
        assert_eq!(parse(&format!("{hold}:7")), Some(job));
        for text in ["", ":", "x:1", &hold.to_string(), &format!("{hold}:x")] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn notifications_beyond_the_queue_are_dropped() {
        let (notifier, _rung) = JobNotifier::new();
        for _ in 0..=QUEUE_LIMIT {
            notifier.notify(Job::new(HoldId::generate()));
        }
        JobNotifier::disabled().notify(Job::new(HoldId::generate()));
    }
}
