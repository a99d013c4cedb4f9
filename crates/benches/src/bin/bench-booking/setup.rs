//! The servers and their load.

use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use benches::oversell_check::unclear;
use benches::rounds::{self, Case};
use loadgen::console::line;
use loadgen::http::{self, Connection, Request, Target};
use loadgen::stats::Report;
use local_servers::service::Service;
use test_stack::cores::Share;
use test_stack::service_stack::{ServiceStack, WILLING_PROVIDER};

use reconcile::Urls;

use crate::part::{CONFIRMED, Part};
use crate::proof::{Answered, prove};
use crate::schedule::{self, DATE, Flights};

/// The servers under load, and the sum of their answers.
pub struct Setup {
    servers: ServiceStack,
    schedule: Arc<Flights>,
    answered: Answered,
}

impl rounds::Setup<Part> for Setup {
    /// Starts the servers, and books a seat.
    async fn start() -> anyhow::Result<Self> {
        line("Starting PostgreSQL, Redis and the services …")?;
        let mut servers = ServiceStack::open("bench-booking").await?;
        let schedule = Arc::new(schedule::load(&mut servers).await?);
        servers.start(Service::Payment, WILLING_PROVIDER).await?;
        servers.start(Service::Flight, &[]).await?;
        servers.start(Service::Booking, &[]).await?;
        let mut setup = Self {
            servers,
            schedule,
            answered: Answered::default(),
        };
        setup.expect_confirmed().await?;
        Ok(setup)
    }

    async fn run(&mut self, case: &Case<Part>, measured: Duration) -> anyhow::Result<Report> {
        let (part, schedule) = (case.part, Arc::clone(&self.schedule));
        let request = move |_, _| {
            request(match part {
                Part::Hot => schedule.hot,
                Part::Spread => any(&schedule.spread),
            })
        };
        let target = self.booking();
        let report = http::run(case.plan(measured), target, request, http::by_status).await?;
        self.answered.confirmed += report.tally().total(CONFIRMED);
        self.answered.unclear += unclear(&report);
        Ok(report)
    }

    async fn analyze(&self) -> anyhow::Result<()> {
        self.servers.analyze().await
    }

    fn shares(&self) -> anyhow::Result<Vec<(&'static str, Share)>> {
        self.servers.shares()
    }

    async fn prove(&self) -> anyhow::Result<()> {
        let flights = Target::local(self.servers.port(Service::Flight));
        line(prove(&urls(&self.servers), flights, self.answered).await?)
    }

    async fn stop(self) -> anyhow::Result<()> {
        self.servers.close().await
    }
}

impl Setup {
    fn booking(&self) -> Target {
        Target::local(self.servers.port(Service::Booking))
    }

    /// Fails unless a booking is answered as it is to be measured.
    async fn expect_confirmed(&mut self) -> anyhow::Result<()> {
        let mut connection = Connection::open(self.booking()).await?;
        let answer = connection.send(&request(self.schedule.hot)).await?;
        let status = answer.status;
        let body: serde_json::Value = serde_json::from_slice(answer.body)?;
        ensure!(
            status == 200 && body["status"] == "confirmed" && body["payment_id"].is_string(),
            "a booking is answered {status}, {body}"
        );
        self.answered.confirmed += 1;
        Ok(())
    }
}

fn urls(servers: &ServiceStack) -> Urls {
    Urls {
        flights: servers.database_url(Service::Flight),
        bookings: servers.database_url(Service::Booking),
        payments: servers.database_url(Service::Payment),
    }
}

fn any(flights: &[i64]) -> i64 {
    let index = rand::random_range(0..flights.len());
    flights.get(index).copied().unwrap_or_default()
}

/// A booking of one seat.
fn request(flight: i64) -> Request {
    let user = rand::random_range(1..=100_000_u32);
    let body = format!(r#"{{"user_id":{user},"flight_id":{flight},"seats":1,"date":"{DATE}"}}"#);
    Request::post_json("/api/bookings", body)
}
