//! The servers of a run, the load on them, and whether all agrees afterwards.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use stack::database::{connect, create_if_missing};
use stack::postgres::Durability;
use stack::scratch::Scratch;
use stack::testing::PrivateServers;
use stress::bench::cores::Share;
use stress::bench::granted::{check_taken, unclear};
use stress::bench::numbers::line;
use stress::bench::service::{Environment, Running, Service};
use stress::http::{self, Connection, Request};
use stress::stats::Report;

use crate::cases::{Case, SOLD};

/// How long each case is run before anything is measured.
const SETTLING: Duration = Duration::from_secs(1);

const BOOKINGS: &str = "bench_bookings";

/// As many tickets as there can be: none of the runs sells them all.
const ALLOCATION: i32 = i32::MAX;

/// Everything that runs beside the load, and what it answered.
pub struct Stage {
    servers: PrivateServers,
    bookings: Running,
    ticket_option: String,
    sold: u64,
    unclear: u64,
    /// Removed with this.
    _scratch: Scratch,
}

impl Stage {
    /// Starts it, and makes a ticket option.
    pub async fn start() -> anyhow::Result<Self> {
        line("Starting PostgreSQL, Redis and the service …")?;
        let scratch = Scratch::new("bench-events")?;
        let servers = PrivateServers::start(Durability::Durable).await?;
        let server = connect(&servers.postgres.url("postgres")).await?;
        create_if_missing(&server, BOOKINGS).await?;
        let environment = Environment {
            database_url: servers.postgres.url(BOOKINGS),
            redis_url: servers.redis.url(),
            settings: Vec::new(),
        };
        let bookings = Service::Booking.start(scratch.path(), &environment).await?;
        let attributes = json!({"name": "Standing", "allocation": ALLOCATION});
        let body = json!({"data": {"type": "ticket_options", "attributes": attributes}});
        let mut connection = Connection::open(bookings.target()).await?;
        let request = Request::post_json("/ticket_options", body.to_string());
        let answer = connection.send(&request).await?;
        ensure!(answer.status == 201, "answered {}", answer.status);
        let made: Value = serde_json::from_slice(answer.body)?;
        let ticket_option = made["data"]["id"].as_str().context("no id")?.to_owned();
        Ok(Self {
            servers,
            bookings,
            ticket_option,
            sold: 0,
            unclear: 0,
            _scratch: scratch,
        })
    }

    /// Brings the database into the state of a server that has run for a while: some rows, and the
    /// statistics that statements are planned by.
    pub async fn settle(&mut self, cases: &[Case]) -> anyhow::Result<()> {
        for case in cases {
            self.run(case, SETTLING).await?;
        }
        let client = connect(&self.servers.postgres.url(BOOKINGS)).await?;
        client.batch_execute("VACUUM ANALYZE").await?;
        Ok(())
    }

    /// Measures a case once.
    pub async fn run(&mut self, case: &Case, measured: Duration) -> anyhow::Result<Report> {
        let option = self.ticket_option.clone();
        let request = move |_, _| purchase(&option);
        let target = self.bookings.target();
        let report = http::run(case.plan(measured), target, request, http::by_status).await?;
        self.sold += report.tally().total(SOLD);
        self.unclear += unclear(&report);
        Ok(report)
    }

    /// What the results tell apart, with their names.
    pub fn shares(&self) -> anyhow::Result<Vec<(&'static str, Share)>> {
        let postgres = self.servers.postgres.identity();
        let postgres = postgres.context("PostgreSQL does not run")?;
        let redis = self.servers.redis.identity();
        let redis = redis.context("Redis does not run")?;
        Ok(vec![
            ("booking", Share::Tree(self.bookings.identity())),
            ("postgres", Share::Tree(postgres)),
            ("redis", Share::Tree(redis)),
            ("load", Share::Itself),
        ])
    }

    /// Fails unless as many tickets are sold, and purchases written, as were answered so.
    pub async fn prove(&self) -> anyhow::Result<()> {
        let client = connect(&self.servers.postgres.url(BOOKINGS)).await?;
        let rows = "SELECT coalesce(sum(quantity), 0)::bigint FROM purchases";
        let bought: i64 = client.query_one(rows, &[]).await?.try_get(0)?;
        let shown = check_taken("booking-service", bought, self.sold, self.unclear)?;
        let mut connection = Connection::open(self.bookings.target()).await?;
        let answer = connection.send(&Request::get("/api/ledger/proof")).await?;
        let proof: Value = serde_json::from_slice(answer.body)?;
        ensure!(
            proof["holds"] == true && proof["sold"] == bought && proof["held"] == 0,
            "the ledger's proof says {proof}, {bought} were bought"
        );
        line(format_args!("\n{shown}: the ledger's proof holds"))
    }

    /// Ends everything. The data goes with it, so nothing is written out.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.bookings.stop().await?;
        self.servers.postgres.kill().await?;
        self.servers.redis.kill().await?;
        Ok(())
    }
}

/// Buys one ticket.
fn purchase(option: &str) -> Request {
    let user = rand::random_range(1..=100_000_u32);
    let body = format!(
        r#"{{"data":{{"type":"purchases","attributes":{{"quantity":1}},"relationships":{{"ticket_option":{{"data":{{"type":"ticket_options","id":"{option}"}}}},"user":{{"data":{{"type":"users","id":"{user}"}}}}}}}}}}"#
    );
    Request::post_json("/purchases", body)
}
