//! Services as processes, with databases and a Redis: what the tests here start and break.

use anyhow::ensure;
use local_servers::logs::last_lines;
use local_servers::redis;
use local_servers::service::Service;
use local_servers::temporary_directory::{TemporaryDirectory, unused_path};
use serde_json::{Value, json};
use test_stack::assert_at_end;
use test_stack::caller::{Answer, Call, Caller};
use test_stack::environment::{Ports, Settings, environment};
use test_stack::program::QUOTED_LINES;
use tokio::sync::watch;

use crate::databases::Databases;
use crate::faults::Step;
use crate::service::{Keeping, KeptService};

/// What every service of a test is told.
const EVERY_SERVICE: Settings<'static> = &[
    ("HOLDFAST__AUTH__MODE", "open"),
    ("HOLDFAST__HTTP__WORKERS", "1"),
    // Several clusters share a server: enough for a dozen customers each.
    ("HOLDFAST__DATABASE__POOL_SIZE", "8"),
    ("HOLDFAST__DATABASE__MIGRATE_ON_START", "false"),
    ("HOLDFAST__LOG__FORMAT", "pretty"),
];

/// Every payment succeeds.
pub const WILLING_PROVIDER: Settings<'static> = &[
    ("HOLDFAST__MOCK__FAILURE_RATE", "0"),
    ("HOLDFAST__MOCK__TIMEOUT_RATE", "0"),
    ("HOLDFAST__MOCK__PROCESSING_JITTER", "0s"),
];

/// A process of a service.
pub struct Member<'a> {
    /// Its log's name.
    pub name: &'a str,
    pub service: Service,
    pub ports: Ports,
    /// Of two settings with one name the later counts.
    pub settings: &'a [Settings<'a>],
    pub steps: Vec<Step>,
    pub is_left_dead: bool,
}

impl<'a> Member<'a> {
    /// One that is not to die.
    pub fn new(
        name: &'a str,
        service: Service,
        ports: Ports,
        settings: &'a [Settings<'a>],
    ) -> Self {
        Self {
            name,
            service,
            ports,
            settings,
            steps: Vec::new(),
            is_left_dead: false,
        }
    }
}

/// Databases, a Redis, and the logs of services. When it is dropped, what is done has to be right.
pub struct Cluster {
    pub databases: Databases,
    redis: redis::Server,
    logs: TemporaryDirectory,
    quiesce: watch::Sender<bool>,
}

impl Cluster {
    pub async fn start(purpose: &str, databases: Databases) -> anyhow::Result<Self> {
        Ok(Self {
            databases,
            redis: redis::Server::temporary().await?,
            logs: TemporaryDirectory::new(purpose)?,
            quiesce: watch::channel(false).0,
        })
    }

    /// Starts a service, and starts it again whenever it dies.
    pub fn keep(&self, member: Member<'_>) -> KeptService {
        let settings: Vec<_> = [EVERY_SERVICE]
            .iter()
            .chain(member.settings)
            .copied()
            .collect();
        KeptService::keep(Keeping {
            service: member.service,
            environment: environment(
                member.service,
                member.ports,
                self.databases.url(member.service),
                &self.redis.url(),
                &settings,
            ),
            steps: member.steps,
            is_left_dead: member.is_left_dead,
            log: self.logs.path().join(format!("{}.log", member.name)),
            quiesced: self.quiesce.subscribe(),
        })
    }

    /// From now on nobody dies at a step any more.
    pub fn quiesce(&self) {
        self.quiesce.send_replace(true);
    }

    pub async fn flush_redis(&self) -> anyhow::Result<()> {
        Ok(self.redis.flush().await?)
    }

    /// The ends of these logs.
    pub fn logs(&self, names: &[&str]) -> String {
        let ends = names.iter().map(|name| {
            let log = self.logs.path().join(format!("{name}.log"));
            format!("{name}:\n{}", last_lines(&log, QUOTED_LINES))
        });
        ends.collect::<Vec<_>>().join("\n\n")
    }

    /// Moves the logs where they stay, to be read.
    pub fn keep_logs(&self) -> anyhow::Result<String> {
        let kept = unused_path(&std::env::temp_dir(), "crash-logs");
        std::fs::rename(self.logs.path(), &kept)?;
        Ok(kept.display().to_string())
    }

    /// Fails unless everything has come to its end, and adds up.
    pub async fn is_settled(&self) -> anyhow::Result<()> {
        let verdict = self.databases.audit().await?;
        ensure!(verdict.unfinished.count == 0, "{verdict}");
        ensure!(
            verdict.charges_kept == verdict.confirmed_to_pay,
            "{verdict}"
        );
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        assert_at_end(async || self.databases.audit().await.map(drop));
    }
}

/// Ends these services. The error is that of one that ended by itself.
pub async fn end_all(services: impl IntoIterator<Item = KeptService>) -> anyhow::Result<()> {
    for service in services {
        service.end().await?;
    }
    Ok(())
}

/// Waits until these replicas are ready, and nothing is missing.
pub async fn are_ready(replicas: &[&Caller]) -> anyhow::Result<()> {
    for caller in replicas {
        let answer = caller.retry(&Call::get("/ready")).await?;
        ensure!(answer.body["status"] == "ready", "{answer:?}");
    }
    Ok(())
}

/// Makes something by a POST that is repeated until it is answered, and says its id.
pub async fn make(caller: &Caller, path: &str, body: Value) -> anyhow::Result<String> {
    let answer = caller.retry(&Call::post(path, body)).await?;
    ensure!(answer.status == 201, "{answer:?}");
    id_of(&answer)
}

pub fn id_of(answer: &Answer) -> anyhow::Result<String> {
    let id = answer.id();
    anyhow::Context::with_context(id, || format!("no id: {answer:?}"))
}

/// The body of an event with so many tickets.
pub fn event(tickets: u32) -> Value {
    json!({
        "name": "Rock Concert", "description": "An evening in the park",
        "date_time": "2100-07-10T19:30:00Z", "total_tickets": tickets, "ticket_price": 75.5,
    })
}

/// Fails unless the booking of tickets with this id is confirmed.
pub async fn is_confirmed(caller: &Caller, id: &str) -> anyhow::Result<()> {
    let seen = caller
        .retry(&Call::get(format!("/api/v1/bookings/{id}")))
        .await?;
    ensure!(seen.body["status"] == "CONFIRMED", "{seen:?}");
    Ok(())
}
