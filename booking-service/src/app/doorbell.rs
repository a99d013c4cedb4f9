//! The doorbell of the payment queue: a Redis stream that carries the ids of jobs to workers, of this
//! replica or another.
//!
//! It only saves time. The job is the booking's row in PostgreSQL, and a ring that is lost, or comes twice,
//! does no harm: a row that nobody claimed within a second is found there, and one that somebody claimed has
//! another version. So entries are not acknowledged, and of those that nobody reads only the newest are
//! kept.

use std::time::Duration;

use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::streams::{StreamReadOptions, StreamReadReply};
use deadpool_redis::redis::{
    AsyncCommands as _, AsyncConnectionConfig, RedisError, RedisResult, cmd, from_redis_value_ref,
    pipe,
};
use domain::HoldId;
use service_kit::redis::Redis;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Rings that may wait to be sent; more are dropped, and their jobs found a second later.
const WAITING_MAX: usize = 4096;

/// Rings that are sent in one go.
const SENT_AT_ONCE: usize = 256;

/// Entries that are kept, about: more than are made in the second after which nobody needs them.
const KEPT: usize = 16_384;

/// How long a worker listens before it asks again.
const LISTEN: Duration = Duration::from_secs(1);

/// The group that all workers of all replicas belong to, and the name that they share: nothing is kept for
/// any of them.
const GROUP: &str = "workers";

/// A job, as its row was when the bell rang.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// The booking's hold.
    pub hold: HoldId,
    /// The row's version.
    pub version: i64,
}

impl Job {
    /// The job of a booking that was just made.
    #[must_use]
    pub fn new(hold: HoldId) -> Self {
        Self { hold, version: 1 }
    }
}

/// Rings. Clones share what waits to be sent.
#[derive(Clone)]
pub struct Doorbell {
    sender: Option<mpsc::Sender<Job>>,
}

/// Sends what is rung, and hears it.
#[derive(Clone)]
pub struct Stream {
    redis: Redis,
    key: String,
}

impl Doorbell {
    /// A bell that nobody hears.
    #[must_use]
    pub fn silent() -> Self {
        Self { sender: None }
    }

    /// A bell, and what it rings, to be handed to [`Stream::send`].
    #[must_use]
    pub fn new() -> (Self, mpsc::Receiver<Job>) {
        let (sender, rung) = mpsc::channel(WAITING_MAX);
        let sender = Some(sender);
        (Self { sender }, rung)
    }

    /// Tells of a job, without waiting.
    pub fn ring(&self, job: Job) {
        let sent = self.sender.as_ref().map(|sender| sender.try_send(job));
        if !matches!(sent, Some(Ok(()))) {
            metrics::counter!("payment_job_notifications_dropped_total").increment(1);
        }
    }
}

impl Stream {
    /// The stream in this Redis.
    #[must_use]
    pub fn new(redis: Redis, key_prefix: &str) -> Self {
        Self {
            redis,
            key: format!("{key_prefix}payment_jobs"),
        }
    }

    /// Sends what is rung until nobody can ring any more.
    pub async fn send(&self, rung: &mut mpsc::Receiver<Job>) {
        let mut jobs = Vec::with_capacity(SENT_AT_ONCE);
        while rung.recv_many(&mut jobs, SENT_AT_ONCE).await > 0 {
            if let Err(error) = self.add(&jobs).await {
                let unheard = u64::try_from(jobs.len()).unwrap_or(u64::MAX);
                metrics::counter!("payment_job_notifications_dropped_total").increment(unheard);
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
                .arg(KEPT)
                .arg("*")
                .arg("job")
                .arg(format!("{}:{}", job.hold, job.version))
                .ignore();
        }
        let sent = adding.query_async::<()>(&mut connection);
        tokio::time::timeout(LISTEN, sent).await??;
        Ok(())
    }

    /// A worker's own ear, on a connection of its own.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn listen(&self) -> RedisResult<Ear> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(LISTEN))
            // A read waits that long for entries, and then some for the answer.
            .set_response_timeout(Some(LISTEN * 2));
        let client = &self.redis.client;
        let connection = client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        let mut ear = Ear {
            connection,
            key: self.key.clone(),
        };
        ear.join().await?;
        Ok(ear)
    }
}

/// Hears the bell.
pub struct Ear {
    connection: MultiplexedConnection,
    key: String,
}

impl Ear {
    /// Has a group to belong to: Redis may have been flushed since.
    async fn join(&mut self) -> RedisResult<()> {
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

    /// The next jobs, at most so many and perhaps none, within a second.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn next(
        &mut self,
        at_most: usize,
        stop: &CancellationToken,
    ) -> RedisResult<Vec<Job>> {
        let options = StreamReadOptions::default()
            .group(GROUP, GROUP)
            .noack()
            .count(at_most)
            .block(usize::try_from(LISTEN.as_millis()).unwrap_or(usize::MAX));
        let keys = [&self.key];
        let read = self
            .connection
            .xread_options::<_, _, Option<StreamReadReply>>(&keys, &[">"], &options);
        let reply = match stop.run_until_cancelled(read).await {
            None => return Ok(Vec::new()),
            Some(Err(error)) if is_code(&error, "NOGROUP") => {
                self.join().await?;
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

/// What somebody else put there is passed over.
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
    fn what_is_no_job_is_passed_over() {
        let hold = HoldId::generate();
        let job = Job { hold, version: 7 };
        assert_eq!(parse(&format!("{hold}:7")), Some(job));
        for text in ["", ":", "x:1", &hold.to_string(), &format!("{hold}:x")] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_dropped() {
        let (doorbell, _rung) = Doorbell::new();
        for _ in 0..=WAITING_MAX {
            doorbell.ring(Job::new(HoldId::generate()));
        }
        Doorbell::silent().ring(Job::new(HoldId::generate()));
    }
}
