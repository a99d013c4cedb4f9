//! Two replicas of booking-service on one database and one Redis, one of which dies in the middle of a job
//! and stays dead. The other does the job, once, with default settings.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use local_servers::database::connect;
use local_servers::ports::free_port;
use local_servers::service::Service;
use serde_json::json;
use test_stack::caller::{Call, Caller};
use test_stack::environment::{Ports, Settings};
use test_stack::{Servers, wait_for};

use crate::cluster::{
    Cluster, Member, WILLING_PROVIDER, are_ready, end_all, event, id_of, is_confirmed, make,
};
use crate::databases::Databases;
use crate::service::KeptService;

/// Jobs go to either replica: one comes to the victim soon.
const DIES_WITHIN: Duration = Duration::from_secs(30);

/// An expired lease, the poll for such bookings, and some time for the work.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(10);

/// Where the first replica dies: before the job's notification, before its charge, after it, and after the
/// tickets are sold.
const STEPS: [&str; 4] = ["job.after", "charge.before", "charge.after", "sold.after"];

const AT_ONCE: Settings<'static> = &[("HOLDFAST__MOCK__PROCESSING_TIME", "0s")];

#[tokio::test]
async fn a_killed_workers_job_is_done_once_by_another() -> anyhow::Result<()> {
    Servers::shared().await?;
    for step in STEPS {
        let replicas = Replicas::start(step).await?;
        let played = replicas.play().await;
        let log = replicas.cluster.logs(&["other"]);
        let ended = replicas.end().await;
        played.with_context(|| format!("one died at {step}; {log}"))?;
        ended?;
    }
    Ok(())
}

struct Replicas {
    cluster: Cluster,
    payments: KeptService,
    victim: KeptService,
    other: KeptService,
    at_victim: Caller,
    at_other: Caller,
}

impl Replicas {
    /// Starts both; one dies at this crash point.
    async fn start(step: &'static str) -> anyhow::Result<Self> {
        let cluster = Cluster::start("crash-replicas", Databases::create().await?).await?;
        let ports = Ports::free()?;
        let other_ports = ports.with_booking(free_port()?);
        let keep = |name, service, ports, settings: &[Settings<'_>], steps| {
            cluster.keep(Member {
                steps,
                is_left_dead: true,
                ..Member::new(name, service, ports, settings)
            })
        };
        let provider = [WILLING_PROVIDER, AT_ONCE];
        let dies = vec![(step, 1)];
        Ok(Self {
            payments: keep("payments", Service::Payment, ports, &provider, Vec::new()),
            victim: keep("victim", Service::Booking, ports, &[], dies),
            other: keep("other", Service::Booking, other_ports, &[], Vec::new()),
            at_victim: Caller::local(ports.of(Service::Booking))?,
            at_other: Caller::local(other_ports.of(Service::Booking))?,
            cluster,
        })
    }

    async fn play(&self) -> anyhow::Result<()> {
        are_ready(&[&self.at_victim, &self.at_other]).await?;
        let event = make(&self.at_other, "/api/v1/events", event(1000)).await?;
        let user = json!({"name": "Ann", "email": "ann@example.org"});
        let user = make(&self.at_other, "/api/v1/users", user).await?;
        let body = json!({"user_id": user, "event_id": event, "quantity": 2});

        // Jobs go to either; one comes to the victim soon.
        let mut booked = Vec::new();
        wait_for("one died", DIES_WITHIN, async || {
            let key = format!("ticket {}", booked.len());
            let call = Call::post("/api/v1/bookings", body.clone()).keyed(key);
            let answer = match self.at_victim.call_once(&call).await? {
                Some(answer) => answer,
                None => self.at_other.retry(&call).await?,
            };
            ensure!(answer.status == 201, "{answer:?}");
            booked.push(id_of(&answer)?);
            ensure!(self.victim.deaths().0 == 1, "both live");
            Ok::<_, anyhow::Error>(())
        })
        .await?;
        wait_for(
            "the other has done every job",
            TAKEN_OVER_WITHIN,
            async || {
                for id in &booked {
                    is_confirmed(&self.at_other, id).await?;
                }
                Ok::<_, anyhow::Error>(())
            },
        )
        .await?;

        let verdict = self.cluster.databases.audit().await?;
        let jobs = u64::try_from(booked.len())?;
        ensure!(verdict.confirmed_to_pay == jobs, "{jobs} booked: {verdict}");
        ensure!(verdict.charges_kept == jobs, "{jobs} booked: {verdict}");
        let payments = connect(self.cluster.databases.url(Service::Payment)).await?;
        let charges = payments.query_one("SELECT count(*) FROM charges", &[]);
        let charges: i64 = charges.await?.try_get(0)?;
        ensure!(u64::try_from(charges)? == jobs, "{charges} for {jobs}");
        ensure!(self.other.deaths().0 == 0, "the other died too");
        Ok(())
    }

    async fn end(self) -> anyhow::Result<()> {
        let services = [self.payments, self.victim, self.other];
        end_all(services).await
    }
}
