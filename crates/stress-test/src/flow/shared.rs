//! What flows have in common: the meaning of answers, and waiting for a booking's end.

use std::time::Duration;

use crate::endpoints::{Caller, Endpoint, Reply};
use crate::outcome::{BUSY, CONFIRMED, STILL_PENDING};
use crate::pool::{Open, Pool};
use loadgen::http::ConnectionError;
use loadgen::stats::Outcome;

/// A booking without an end after so long counts as still pending.
const END_TIMEOUT: Duration = Duration::from_secs(10);

/// Delays between lookups: short at first, when most bookings end.
const POLL_DELAYS: [Duration; 4] = [
    Duration::from_millis(10),
    Duration::from_millis(20),
    Duration::from_millis(40),
    Duration::from_millis(80),
];

/// A user id, for endpoints that accept any.
pub(super) fn any_user() -> u32 {
    rand::random_range(1..=100_000)
}

/// The outcome of an answer without a meaning of the endpoint's own, or of no answer.
pub(super) fn failure(reply: &Result<Reply, ConnectionError>) -> Outcome {
    match reply {
        Ok(reply) if matches!(reply.status, 429 | 503) => BUSY,
        Ok(reply) => Outcome::Status(reply.status),
        Err(_) => Outcome::Broken,
    }
}

/// Whether the answer is certain that nothing was booked.
pub(super) fn is_clear_no(reply: &Result<Reply, ConnectionError>) -> bool {
    reply
        .as_ref()
        .is_ok_and(|reply| matches!(reply.status, 400..=499))
}

/// Records units that an answer refused, or whose outcome is unknown; returns the flow's outcome.
pub(super) fn record_failure(
    pool: &Pool,
    units: u64,
    reply: &Result<Reply, ConnectionError>,
) -> Outcome {
    if is_clear_no(reply) {
        pool.told.fail(units);
    } else {
        pool.told.lose(units);
    }
    failure(reply)
}

/// Records a booking's end; `None` if it is not known yet.
pub(super) fn record_end(pool: &Pool, open: Open, ended: Option<Outcome>) -> Outcome {
    match ended {
        Some(CONFIRMED) => pool.told.confirm(open.units, &open.seats),
        Some(_) => pool.told.fail(open.units),
        None => pool.told.leave_open(open),
    }
    ended.unwrap_or(STILL_PENDING)
}

/// Polls a booking until `end` returns its outcome; `None` after the timeout.
pub(super) async fn wait_for_end(
    caller: &mut Caller,
    path: &str,
    end: impl Fn(&Reply) -> Option<Outcome>,
) -> Option<Outcome> {
    let until = tokio::time::Instant::now() + END_TIMEOUT;
    let mut looks = POLL_DELAYS.into_iter();
    let mut pause = Duration::from_millis(5);
    while tokio::time::Instant::now() < until {
        tokio::time::sleep(pause).await;
        pause = looks.next().unwrap_or(Duration::from_millis(100));
        let reply = caller.get(Endpoint::Booking, path.to_owned()).await;
        if let Ok(reply) = reply
            && let Some(outcome) = end(&reply)
        {
            return Some(outcome);
        }
    }
    None
}
