//! Two replicas of booking-service on one database and one Redis, one of which dies in the middle of a job
//! and stays dead. The other does the job, once, with default settings.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use local_servers::logs::last_lines;
use local_servers::ports::free_port;
use local_servers::redis;
use local_servers::temporary_directory::TemporaryDirectory;
use reqwest::Method;
use serde_json::json;
use test_stack::{Servers, wait_for};
use tokio::sync::watch;

use crate::caller::{Call, Caller, PATIENCE};
use crate::databases::Databases;
use crate::environment::{Ports, Settings, environment};
use crate::kills::Step;
use crate::process::{Keeping, Part, QUOTED_LINES, Service};

/// An expired lease, the poll for such bookings, and some time for the work.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(10);

/// Where the first replica dies: before the job's notification, before its charge, after it, and after the
/// tickets are sold.
const STEPS: [&str; 4] = ["job.after", "charge.before", "charge.after", "sold.after"];

/// Every payment succeeds at once.
const PAYMENTS: Settings = &[
    ("HOLDFAST__MOCK__FAILURE_RATE", "0"),
    ("HOLDFAST__MOCK__TIMEOUT_RATE", "0"),
    ("HOLDFAST__MOCK__PROCESSING_TIME", "0s"),
    ("HOLDFAST__MOCK__PROCESSING_JITTER", "0s"),
];

#[tokio::test]
async fn a_killed_workers_job_is_done_once_by_another() -> anyhow::Result<()> {
    Servers::shared().await?;
    for step in STEPS {
        let replicas = Replicas::start(step).await?;
        let played = replicas.play().await;
        let log = last_lines(&replicas.logs.path().join("other.log"), QUOTED_LINES);
        let ended = replicas.end().await;
        played.with_context(|| format!("one died at {step}; the other:\n{log}"))?;
        ended?;
    }
    Ok(())
}

struct Replicas {
    databases: Databases,
    redis: redis::Server,
    payments: Service,
    mortal: Service,
    other: Service,
    at_mortal: Caller,
    at_other: Caller,
    logs: TemporaryDirectory,
    _peace: watch::Sender<bool>,
}

impl Replicas {
    /// Starts both; one dies at this crash point.
    async fn start(step: &'static str) -> anyhow::Result<Self> {
        let databases = Databases::create().await?;
        let redis = redis::Server::temporary().await?;
        let logs = TemporaryDirectory::new("crash-replicas")?;
        let (peace, at_peace) = watch::channel(false);
        let ports = Ports::free()?;
        let other_ports = ports.with(Part::Bookings, free_port()?);
        let keep = |name: &str, part, ports, settings, steps: Vec<Step>| {
            Service::keep(Keeping {
                part,
                environment: environment(part, ports, &databases, &redis, &[settings]),
                steps,
                is_left_dead: true,
                log: logs.path().join(format!("{name}.log")),
                peace: at_peace.clone(),
            })
        };
        Ok(Self {
            payments: keep("payments", Part::Payments, ports, PAYMENTS, Vec::new()),
            mortal: keep("mortal", Part::Bookings, ports, &[], vec![(step, 1)]),
            other: keep("other", Part::Bookings, other_ports, &[], Vec::new()),
            at_mortal: Caller::new(ports.of(Part::Bookings))?,
            at_other: Caller::new(other_ports.of(Part::Bookings))?,
            databases,
            redis,
            logs,
            _peace: peace,
        })
    }

    async fn play(&self) -> anyhow::Result<()> {
        let ready = Call::new(Method::GET, "/ready");
        for caller in [&self.at_mortal, &self.at_other] {
            caller.insist(&ready).await?;
        }
        let event = json!({
            "name": "Rock Concert", "description": "An evening in the park",
            "date_time": "2100-07-10T19:30:00Z", "total_tickets": 1000, "ticket_price": 75.5,
        });
        let event = self.make("/api/v1/events", event).await?;
        let user = json!({"name": "Ann", "email": "ann@example.org"});
        let user = self.make("/api/v1/users", user).await?;
        let body = json!({"user_id": user, "event_id": event, "quantity": 2});

        // Either replica takes jobs; the mortal one takes one soon.
        let mut booked = Vec::new();
        wait_for("one died", PATIENCE, async || {
            let key = format!("ticket {}", booked.len());
            let call = Call::post("/api/v1/bookings", body.clone()).keyed(key);
            let answer = match self.at_mortal.once(&call).await? {
                Some(answer) => answer,
                None => self.at_other.insist(&call).await?,
            };
            ensure!(answer.status == 201, "{answer:?}");
            let id = answer.body["id"].as_str().context("no id")?.to_owned();
            booked.push(id);
            ensure!(self.mortal.deaths().0 == 1, "both live");
            Ok::<_, anyhow::Error>(())
        })
        .await?;
        wait_for(
            "the other has done every job",
            TAKEN_OVER_WITHIN,
            async || {
                for id in &booked {
                    let call = Call::new(Method::GET, format!("/api/v1/bookings/{id}"));
                    let seen = self.at_other.insist(&call).await?;
                    ensure!(seen.body["status"] == "CONFIRMED", "{seen:?}");
                }
                Ok::<_, anyhow::Error>(())
            },
        )
        .await?;

        let verdict = self.databases.audit().await?;
        let jobs = u64::try_from(booked.len())?;
        ensure!(verdict.confirmed_to_pay == jobs, "{jobs} booked: {verdict}");
        ensure!(verdict.charges_kept == jobs, "{jobs} booked: {verdict}");
        let payments = local_servers::database::connect(self.databases.payments.url()).await?;
        let charges = payments.query_one("SELECT count(*) FROM charges", &[]);
        let charges: i64 = charges.await?.try_get(0)?;
        ensure!(u64::try_from(charges)? == jobs, "{charges} for {jobs}");
        ensure!(self.other.deaths().0 == 0, "the other died too");
        Ok(())
    }

    async fn make(&self, path: &str, body: serde_json::Value) -> anyhow::Result<String> {
        let answer = self.at_other.insist(&Call::post(path, body)).await?;
        ensure!(answer.status == 201, "{answer:?}");
        Ok(answer.body["id"].as_str().context("no id")?.to_owned())
    }

    async fn end(mut self) -> anyhow::Result<()> {
        for service in [self.payments, self.mortal, self.other] {
            service.end().await?;
        }
        Ok(self.redis.stop().await?)
    }
}
