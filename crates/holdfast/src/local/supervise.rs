//! Crashed processes are restarted, with a limit.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::Duration;

use anyhow::{Context, bail};
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, select_all};
use local_servers::service::Service;
use tokio::time::{Instant, sleep};

use super::print;
use super::stack::LocalStack;

/// Restarts of one part within [`WINDOW`]; more would not help.
const RESTARTS: usize = 5;
const WINDOW: Duration = Duration::from_secs(60);
/// Linear backoff: a port or a file may take a moment to become free.
const PAUSE_STEP: Duration = Duration::from_millis(500);

/// A supervised part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Supervised {
    Postgres,
    Redis,
    Service(Service),
}

impl fmt::Display for Supervised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres => "PostgreSQL",
            Self::Redis => "Redis",
            Self::Service(service) => service.name(),
        })
    }
}

/// Recent restarts of each part.
#[derive(Default)]
struct Restarts {
    times: HashMap<Supervised, VecDeque<Instant>>,
}

impl Restarts {
    /// The pause before this part's next restart; `None` above the limit.
    fn next_pause(&mut self, part: Supervised, now: Instant) -> Option<Duration> {
        let times = self.times.entry(part).or_default();
        while times
            .front()
            .is_some_and(|time| now.duration_since(*time) > WINDOW)
        {
            times.pop_front();
        }
        if times.len() >= RESTARTS {
            return None;
        }
        times.push_back(now);
        Some(PAUSE_STEP * u32::try_from(times.len() - 1).unwrap_or(u32::MAX))
    }
}

/// Restarts crashed parts until one exceeds the limit, which is the error. Cancel-safe.
pub async fn supervise(stack: &mut LocalStack<'_>) -> anyhow::Result<std::convert::Infallible> {
    let mut restarts = Restarts::default();
    loop {
        let (part, mut cause) = next_death(stack).await;
        loop {
            let Some(pause) = restarts.next_pause(part, Instant::now()) else {
                let window_s = WINDOW.as_secs();
                let lines = stack.last_lines(&part.log());
                bail!(
                    "{part} ended again ({cause}), {RESTARTS} restarts within {window_s} s did not help; its last log lines:\n{lines}"
                );
            };
            print::line(format_args!("{part} ended ({cause}): starting it again"));
            sleep(pause).await;
            match start_again(stack, part).await {
                Ok(()) => break,
                Err(error) => cause = format!("{error:#}"),
            }
        }
    }
}

impl Supervised {
    fn log(self) -> String {
        match self {
            Self::Postgres => "postgres".to_owned(),
            Self::Redis => "redis".to_owned(),
            Self::Service(service) => service.name().to_owned(),
        }
    }
}

/// Waits until a part ends unexpectedly; returns it with the cause.
async fn next_death(stack: &mut LocalStack<'_>) -> (Supervised, String) {
    let mut ends: Vec<LocalBoxFuture<'_, (Supervised, String)>> = Vec::new();
    if let Some(postgres) = &mut stack.postgres {
        ends.push(async { (Supervised::Postgres, text(postgres.wait().await)) }.boxed_local());
    }
    if let Some(redis) = &mut stack.redis {
        ends.push(async { (Supervised::Redis, text(redis.wait().await)) }.boxed_local());
    }
    for (service, child) in &mut stack.services {
        let part = Supervised::Service(*service);
        ends.push(async move { (part, text(child.wait().await)) }.boxed_local());
    }
    select_all(ends).await.0
}

fn text<T: fmt::Display, E: fmt::Display>(end: Result<T, E>) -> String {
    match end {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    }
}

async fn start_again(stack: &mut LocalStack<'_>, part: Supervised) -> anyhow::Result<()> {
    match part {
        // Stopped first, because a server that is not ready after a restart may still run.
        Supervised::Postgres => {
            let server = stack.postgres.as_mut().context("no server")?;
            server.stop().await?;
            server.spawn()?;
            stack.record()?;
            stack
                .postgres
                .as_mut()
                .context("no server")?
                .ready()
                .await?;
        }
        Supervised::Redis => {
            let server = stack.redis.as_mut().context("no server")?;
            server.stop().await?;
            server.spawn()?;
            stack.record()?;
            stack.redis.as_mut().context("no server")?.ready().await?;
        }
        Supervised::Service(service) => stack.start_service(service).await?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_restarts_a_minute_for_each_part() {
        let start = Instant::now();
        let at = |second| start + Duration::from_secs(second);
        let mut restarts = Restarts::default();
        let pauses: Vec<_> = (0..6)
            .map(|second| restarts.next_pause(Supervised::Redis, at(second)))
            .collect();
        let expected = [0, 500, 1000, 1500, 2000].map(|ms| Some(Duration::from_millis(ms)));
        assert_eq!(pauses[..5], expected);
        assert_eq!(pauses[5], None);
        assert!(restarts.next_pause(Supervised::Postgres, at(6)).is_some());
        // The first two are a minute old.
        assert_eq!(
            restarts.next_pause(Supervised::Redis, at(62)),
            Some(Duration::from_millis(1500))
        );
    }
}
