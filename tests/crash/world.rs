//! The services of one round, with their databases and Redis.

use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use anyhow::ensure;
use local_servers::service::Service;
use reconcile::Report;
use serde_json::Value;
use test_stack::caller::{Call, Caller};
use test_stack::environment::{Ports, Settings};
use test_stack::wait_for;
use tokio_postgres::Client;

use crate::cluster::{Cluster, Member, end_all};
use crate::databases::Databases;
use crate::faults::FaultPlan;
use crate::service::KeptService;
use crate::settings::in_a_round;

/// How soon everything has come to its end once nothing breaks any more.
pub const SETTLED_WITHIN: Duration = Duration::from_secs(30);

/// Final states of a booking.
const ENDS: [&str; 4] = ["confirmed", "cancelled", "expired", "failed"];

pub struct World {
    pub bookings: Caller,
    /// Answers so far: the round's clock.
    pub answers: AtomicUsize,
    services: [KeptService; 3],
    cluster: Cluster,
}

impl World {
    pub async fn start(plan: &FaultPlan) -> anyhow::Result<Self> {
        let cluster = Cluster::start("crash", Databases::create().await?).await?;
        let ports = Ports::free()?;
        let attempts = plan.attempts.to_string();
        let keep = |service: Service| {
            let planned: Settings<'_> = match service {
                Service::Booking => &[("MAX_PAYMENT_RETRIES", &attempts)],
                Service::Flight | Service::Payment => &[],
            };
            let settings = [in_a_round(service), planned];
            cluster.keep(Member {
                steps: plan.steps(service),
                ..Member::new(service.name(), service, ports, &settings)
            })
        };
        Ok(Self {
            bookings: Caller::local(ports.of(Service::Booking))?,
            answers: AtomicUsize::new(0),
            // Found by `Service as usize`.
            services: [Service::Flight, Service::Booking, Service::Payment].map(keep),
            cluster,
        })
    }

    pub fn service(&self, service: Service) -> &KeptService {
        &self.services[service as usize]
    }

    pub async fn flush_redis(&self) -> anyhow::Result<()> {
        self.cluster.flush_redis().await
    }

    /// A GET from booking-service.
    pub async fn look(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.bookings.retry(&Call::get(path)).await?;
        ensure!(answer.status == 200, "{path} answered {answer:?}");
        Ok(answer.body)
    }

    /// A connection to the bookings database.
    pub async fn sql(&self) -> anyhow::Result<Client> {
        let url = self.cluster.databases.url(Service::Booking);
        Ok(local_servers::database::connect(url).await?)
    }

    /// Nobody is killed any more: everything comes to its end, orders that nobody pays and tickets whose
    /// payment nobody has tried again, too.
    pub async fn quiesce(&self) -> anyhow::Result<Report> {
        self.cluster.quiesce();
        let sql = self.sql().await?;
        wait_for(
            "every booking has come to its end",
            SETTLED_WITHIN,
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
    pub async fn audit(&self) -> anyhow::Result<Report> {
        self.cluster.databases.audit().await
    }

    /// Ends everything but the logs; returns their directory.
    pub async fn end_with_logs(self) -> anyhow::Result<String> {
        let logs = self.cluster.keep_logs()?;
        self.end().await?;
        Ok(logs)
    }

    pub async fn end(self) -> anyhow::Result<()> {
        end_all(self.services).await
    }
}
