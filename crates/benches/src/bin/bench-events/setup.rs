//! The servers, their load, and the check of their data afterwards.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use benches::ledger::ledger_proof;
use benches::oversell_check::{check_taken, unclear};
use benches::rounds::{self, Case};
use loadgen::console::line;
use loadgen::http::{self, Connection, Request, Target};
use loadgen::stats::Report;
use local_servers::database::connect;
use local_servers::service::Service;
use serde_json::{Value, json};
use test_stack::cores::Share;
use test_stack::service_stack::ServiceStack;

use crate::part::{Part, SOLD};

/// The most that an option can have: no run sells it out.
const ALLOCATION: i32 = i32::MAX;

/// The servers under load, and the sum of their answers.
pub struct Setup {
    servers: ServiceStack,
    ticket_option: String,
    sold: u64,
    unclear: u64,
}

impl rounds::Setup<Part> for Setup {
    /// Starts the servers, and creates a ticket option.
    async fn start() -> anyhow::Result<Self> {
        line("Starting PostgreSQL, Redis and the service …")?;
        let mut servers = ServiceStack::open("bench-events").await?;
        let bookings = Target::local(servers.start(Service::Booking, &[]).await?);
        let attributes = json!({"name": "Standing", "allocation": ALLOCATION});
        let body = json!({"data": {"type": "ticket_options", "attributes": attributes}});
        let mut connection = Connection::open(bookings).await?;
        let request = Request::post_json("/ticket_options", body.to_string());
        let answer = connection.send(&request).await?;
        ensure!(answer.status == 201, "answered {}", answer.status);
        let made: Value = serde_json::from_slice(answer.body)?;
        let ticket_option = made["data"]["id"].as_str().context("no id")?.to_owned();
        Ok(Self {
            servers,
            ticket_option,
            sold: 0,
            unclear: 0,
        })
    }

    async fn run(&mut self, case: &Case<Part>, measured: Duration) -> anyhow::Result<Report> {
        let target = Target::local(self.servers.port(Service::Booking));
        let option = self.ticket_option.clone();
        let request = match case.part {
            Part::Tickets => move |_, _| purchase(&option),
        };
        let report = http::run(case.plan(measured), target, request, http::by_status).await?;
        self.sold += report.tally().total(SOLD);
        self.unclear += unclear(&report);
        Ok(report)
    }

    async fn analyze(&self) -> anyhow::Result<()> {
        self.servers.analyze().await
    }

    fn shares(&self) -> anyhow::Result<Vec<(&'static str, Share)>> {
        self.servers.shares()
    }

    /// Fails unless the tickets sold, and the purchases stored, are as many as were answered.
    async fn prove(&self) -> anyhow::Result<()> {
        let client = connect(&self.servers.database_url(Service::Booking)).await?;
        let rows = "SELECT coalesce(sum(quantity), 0)::bigint FROM purchases";
        let bought: i64 = client.query_one(rows, &[]).await?.try_get(0)?;
        let shown = check_taken("booking-service", bought, self.sold, self.unclear)?;
        let proof = ledger_proof(Target::local(self.servers.port(Service::Booking))).await?;
        ensure!(
            proof.is_of(bought),
            "the ledger's proof says {proof:?}, {bought} were bought"
        );
        line(format_args!("\n{shown}: the ledger's proof holds"))
    }

    async fn stop(self) -> anyhow::Result<()> {
        self.servers.close().await
    }
}

/// A purchase of one ticket.
fn purchase(option: &str) -> Request {
    let user = rand::random_range(1..=100_000_u32);
    let body = format!(
        r#"{{"data":{{"type":"purchases","attributes":{{"quantity":1}},"relationships":{{"ticket_option":{{"data":{{"type":"ticket_options","id":"{option}"}}}},"user":{{"data":{{"type":"users","id":"{user}"}}}}}}}}}}"#
    );
    Request::post_json("/purchases", body)
}
