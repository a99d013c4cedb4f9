//! New counts of pools, published between replicas through Redis pub/sub.
//!
//! A message may be lost, and Redis may be down, so subscribers also poll the database. PostgreSQL's NOTIFY
//! would lose nothing, but in every batch it costs two thirds of the commits.

use std::time::Duration;

use deadpool_redis::redis::{Client, RedisResult};
use domain::PoolId;
use futures_util::StreamExt as _;
use tokio::time::timeout;

use crate::committer::CountListener;
use crate::state::PoolCount;

/// A subscription that is silent for this long is renewed: Redis may have vanished without closing the
/// connection, and on a quiet day a renewal costs next to nothing.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// Time limit of subscribing.
const SUBSCRIBE_LIMIT: Duration = Duration::from_secs(2);

/// Pause before resubscribing.
const RESUBSCRIBE_PAUSE: Duration = Duration::from_millis(500);

/// A message: one line per pool.
pub(crate) fn message(counts: &[PoolCount]) -> String {
    counts
        .iter()
        .map(|count| format!("{} {} {}\n", count.pool, count.version, count.free))
        .collect()
}

/// Parses a message; malformed lines are ignored.
fn counts_in(message: &str) -> Vec<PoolCount> {
    message.lines().filter_map(count_in).collect()
}

fn count_in(line: &str) -> Option<PoolCount> {
    let mut words = line.split(' ');
    let count = PoolCount {
        pool: PoolId(words.next()?.parse().ok()?),
        version: words.next()?.parse().ok()?,
        free: words.next()?.parse().ok()?,
    };
    words.next().is_none().then_some(count)
}

/// Passes all replicas' counts to the listener, for as long as it runs.
pub(crate) async fn listen(redis: Client, channel: String, listener: CountListener) {
    loop {
        if let Err(error) = listen_once(&redis, &channel, &listener).await {
            tracing::debug!(%error, "subscription to other replicas' changes failed");
        }
        tokio::time::sleep(RESUBSCRIBE_PAUSE).await;
    }
}

async fn listen_once(redis: &Client, channel: &str, listener: &CountListener) -> RedisResult<()> {
    let subscribing = async {
        let mut subscription = redis.get_async_pubsub().await?;
        subscription.subscribe(channel).await?;
        RedisResult::Ok(subscription)
    };
    let Ok(subscription) = timeout(SUBSCRIBE_LIMIT, subscribing).await else {
        return Ok(());
    };
    let mut messages = subscription?.into_on_message();
    while let Ok(Some(message)) = timeout(SILENCE_LIMIT, messages.next()).await {
        let text: String = message.get_payload()?;
        listener(&counts_in(&text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_survive_the_way() {
        let counts = [
            PoolCount {
                pool: PoolId(1),
                version: 7,
                free: 0,
            },
            PoolCount {
                pool: PoolId(123_456),
                version: i64::MAX,
                free: 180,
            },
        ];
        assert_eq!(counts_in(&message(&counts)), counts);
    }

    #[test]
    fn other_lines_are_passed_over() {
        let count = PoolCount {
            pool: PoolId(1),
            version: 2,
            free: 3,
        };
        assert_eq!(counts_in("hello\n1 2\n1 2 3 4\n1 2 3\n\n"), [count]);
    }
}
