//! The services of one round, with their databases and Redis.

use std::sync::atomic::AtomicUsize;

use anyhow::ensure;
use local_servers::redis;
use local_servers::temporary_directory::{TemporaryDirectory, unused_path};
use reconcile::Verdict;
use reqwest::Method;
use serde_json::Value;
use test_stack::wait_for;
use tokio::sync::watch;
use tokio_postgres::Client;

use crate::caller::{Call, Caller, PEACE_WITHIN};
use crate::databases::Databases;
use crate::environment::{Ports, Settings, environment, in_a_round};
use crate::kills::Plan;
use crate::process::{Keeping, Part, Service};

/// Final states of a booking.
const ENDS: [&str; 4] = ["confirmed", "cancelled", "expired", "failed"];

pub struct World {
    pub bookings: Caller,
    /// Answers so far: the round's clock.
    pub answers: AtomicUsize,
    services: [Service; 3],
    peace: watch::Sender<bool>,
    redis: redis::Server,
    databases: Databases,
    logs: TemporaryDirectory,
}

impl World {
    pub async fn start(plan: &Plan) -> anyhow::Result<Self> {
        let databases = Databases::create().await?;
        let redis = redis::Server::temporary().await?;
        let logs = TemporaryDirectory::new("crash")?;
        let ports = Ports::free()?;
        let attempts = plan.attempts.to_string();
        let (peace, at_peace) = watch::channel(false);
        let services = Part::ALL.map(|part| {
            let planned: Settings = match part {
                Part::Bookings => &[("MAX_PAYMENT_RETRIES", &attempts)],
                Part::Flights | Part::Payments => &[],
            };
            let settings = [in_a_round(part), planned];
            Service::keep(Keeping {
                part,
                environment: environment(part, ports, &databases, &redis, &settings),
                steps: plan.steps(part),
                is_left_dead: false,
                log: logs.path().join(format!("{part:?}.log")),
                peace: at_peace.clone(),
            })
        });
        Ok(Self {
            bookings: Caller::new(ports.of(Part::Bookings))?,
            answers: AtomicUsize::new(0),
            services,
            peace,
            redis,
            databases,
            logs,
        })
    }

    pub fn service(&self, part: Part) -> &Service {
        &self.services[part as usize]
    }

    pub async fn flush_redis(&self) -> anyhow::Result<()> {
        Ok(self.redis.flush().await?)
    }

    /// A GET from booking-service.
    pub async fn look(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.bookings.insist(&Call::new(Method::GET, path)).await?;
        ensure!(answer.status == 200, "{path} answered {answer:?}");
        Ok(answer.body)
    }

    /// A connection to the bookings database.
    pub async fn sql(&self) -> anyhow::Result<Client> {
        Ok(local_servers::database::connect(self.databases.bookings.url()).await?)
    }

    /// Waits, without further kills, until everything has reached its end, unpaid orders and tickets with
    /// dead letters included.
    pub async fn at_peace(&self) -> anyhow::Result<Verdict> {
        self.peace.send(true)?;
        let sql = self.sql().await?;
        wait_for(
            "every booking has ended",
            PEACE_WITHIN,
            async || {
                let left = sql
                .query(
                    "SELECT id::text || ' ' || channel || ' ' || state || ', public status ' || public_status || ', '
                            || seats_task || '/' || money_task || ', lease reclaims ' || lease_reclaims
                            || ', due in ' || (next_step_at - now())
                     FROM bookings WHERE next_step_at IS NOT NULL ORDER BY id LIMIT 5",
                    &[],
                )
                .await?;
                let left: Vec<String> = left.iter().map(|row| row.get(0)).collect();
                ensure!(left.is_empty(), "{left:?}");
                Ok(())
            },
        )
        .await?;
        let verdict = self.audit().await?;
        ensure!(verdict.unfinished.count == 0, "{verdict}");
        let has_ended = |state: &String| ENDS.contains(&state.as_str());
        ensure!(verdict.bookings.keys().all(has_ended), "{verdict}");
        ensure!(verdict.pools.held == 0, "{verdict}");
        ensure!(verdict.ticket_pools.held == 0, "{verdict}");
        ensure!(
            verdict.charges_kept == verdict.confirmed_to_pay,
            "{verdict}"
        );
        Ok(verdict)
    }

    /// Reconciles the databases; valid also while bookings are in progress.
    pub async fn audit(&self) -> anyhow::Result<Verdict> {
        self.databases.audit().await
    }

    /// Ends everything but the logs; returns their directory.
    pub async fn end_with_logs(self) -> anyhow::Result<String> {
        let logs = unused_path(&std::env::temp_dir(), "crash-logs");
        std::fs::rename(self.logs.path(), &logs)?;
        self.end().await?;
        Ok(logs.display().to_string())
    }

    pub async fn end(self) -> anyhow::Result<()> {
        for service in self.services {
            service.end().await?;
        }
        let mut redis = self.redis;
        Ok(redis.stop().await?)
    }
}
