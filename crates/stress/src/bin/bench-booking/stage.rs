//! The servers of a run, and the load on them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use audit::Urls;
use stack::database::{connect, create_if_missing};
use stack::postgres::Durability;
use stack::scratch::Scratch;
use stack::testing::PrivateServers;
use stress::bench::cores::Share;
use stress::bench::granted::unclear;
use stress::bench::numbers::line;
use stress::bench::service::{Environment, Running, Service};
use stress::http::{self, Connection, Request};
use stress::stats::Report;

use crate::cases::{CONFIRMED, Case, Part};
use crate::proof::{Answered, prove};
use crate::schedule::{self, DATE, Flights};

/// How long each case is run before anything is measured.
const SETTLING: Duration = Duration::from_millis(500);

const FLIGHTS: &str = "bench_flights";
const BOOKINGS: &str = "bench_bookings";
const PAYMENTS: &str = "bench_payments";

/// The provider takes no time, declines nothing and always answers.
const MOCK: [(&str, &str); 5] = [
    ("HOLDFAST__MOCK__FAILURE_RATE", "0"),
    ("HOLDFAST__MOCK__TIMEOUT_RATE", "0"),
    ("HOLDFAST__MOCK__LOST_ANSWER_RATE", "0"),
    ("HOLDFAST__MOCK__PROCESSING_TIME", "0s"),
    ("HOLDFAST__MOCK__PROCESSING_SPREAD", "0s"),
];

/// Everything that runs beside the load, and what it answered.
pub struct Stage {
    servers: PrivateServers,
    flights: Running,
    bookings: Running,
    payments: Running,
    schedule: Arc<Flights>,
    answered: Answered,
    /// Removed with this.
    _scratch: Scratch,
}

impl Stage {
    /// Starts it, and books a seat.
    pub async fn start() -> anyhow::Result<Self> {
        line("Starting PostgreSQL, Redis and the services …")?;
        let scratch = Scratch::new("bench-booking")?;
        let servers = PrivateServers::start(Durability::Durable).await?;
        let server = connect(&servers.postgres.url("postgres")).await?;
        for name in [FLIGHTS, BOOKINGS, PAYMENTS] {
            create_if_missing(&server, name).await?;
        }
        let environment = |database: &str, settings| Environment {
            database_url: servers.postgres.url(database),
            redis_url: servers.redis.url(),
            settings,
        };
        let of_flights = environment(FLIGHTS, Vec::new());
        let schedule = Arc::new(schedule::load(scratch.path(), &of_flights).await?);

        let mock = MOCK.map(|(name, value)| (name, value.to_owned()));
        let of_payments = environment(PAYMENTS, mock.to_vec());
        let payments = Service::Payment.start(scratch.path(), &of_payments).await?;
        let flights = Service::Flight.start(scratch.path(), &of_flights).await?;
        let url = |service: &Running| format!("http://{}", service.target());
        let neighbours = vec![
            ("FLIGHT_SERVICE_URL", url(&flights)),
            ("PAYMENT_SERVICE_URL", url(&payments)),
        ];
        let of_bookings = environment(BOOKINGS, neighbours);
        let bookings = Service::Booking.start(scratch.path(), &of_bookings).await?;
        let mut stage = Self {
            servers,
            flights,
            bookings,
            payments,
            schedule,
            answered: Answered::default(),
            _scratch: scratch,
        };
        stage.expect_confirmed().await?;
        Ok(stage)
    }

    /// A booking is answered as it is to be measured.
    async fn expect_confirmed(&mut self) -> anyhow::Result<()> {
        let mut connection = Connection::open(self.bookings.target()).await?;
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

    /// Brings the databases into the state of servers that have run for a while: some rows, and the
    /// statistics that statements are planned by.
    pub async fn settle(&mut self, cases: &[Case]) -> anyhow::Result<()> {
        for case in cases {
            self.run(case, SETTLING).await?;
        }
        for name in [FLIGHTS, BOOKINGS, PAYMENTS] {
            let client = connect(&self.servers.postgres.url(name)).await?;
            client.batch_execute("VACUUM ANALYZE").await?;
        }
        Ok(())
    }

    /// Measures a case once.
    pub async fn run(&mut self, case: &Case, measured: Duration) -> anyhow::Result<Report> {
        let (part, schedule) = (case.part, Arc::clone(&self.schedule));
        let request = move |_, _| {
            request(match part {
                Part::Hot => schedule.hot,
                Part::Spread => any(&schedule.spread),
            })
        };
        let target = self.bookings.target();
        let report = http::run(case.plan(measured), target, request, http::by_status).await?;
        self.answered.confirmed += report.tally().total(CONFIRMED);
        self.answered.unclear += unclear(&report);
        Ok(report)
    }

    /// What the results tell apart, with their names.
    pub fn shares(&self) -> anyhow::Result<Vec<(&'static str, Share)>> {
        let postgres = self.servers.postgres.identity();
        let postgres = postgres.context("PostgreSQL does not run")?;
        let redis = self.servers.redis.identity();
        let redis = redis.context("Redis does not run")?;
        let backends = |database: &str| Share::Children(postgres, database.to_owned());
        let databases = [FLIGHTS, BOOKINGS, PAYMENTS].map(str::to_owned);
        Ok(vec![
            ("booking", Share::Tree(self.bookings.identity())),
            ("flight", Share::Tree(self.flights.identity())),
            ("payment", Share::Tree(self.payments.identity())),
            ("postgres", Share::Tree(postgres)),
            (".bookings", backends(BOOKINGS)),
            (".flights", backends(FLIGHTS)),
            (".payments", backends(PAYMENTS)),
            (".rest", Share::Rest(postgres, databases.to_vec())),
            ("redis", Share::Tree(redis)),
            ("load", Share::Itself),
        ])
    }

    /// Fails unless everything agrees.
    pub async fn prove(&self) -> anyhow::Result<()> {
        let url = |name| self.servers.postgres.url(name);
        let urls = Urls {
            flights: url(FLIGHTS),
            bookings: url(BOOKINGS),
            payments: url(PAYMENTS),
        };
        line(prove(&urls, self.flights.target(), self.answered).await?)
    }

    /// Ends everything. The data goes with it, so nothing is written out.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        for service in [&mut self.bookings, &mut self.flights, &mut self.payments] {
            service.stop().await?;
        }
        self.servers.postgres.kill().await?;
        self.servers.redis.kill().await?;
        Ok(())
    }
}

fn any(flights: &[i64]) -> i64 {
    let index = rand::random_range(0..flights.len());
    flights.get(index).copied().unwrap_or_default()
}

/// Books a seat of a flight.
fn request(flight: i64) -> Request {
    let user = rand::random_range(1..=100_000_u32);
    let body = format!(r#"{{"user_id":{user},"flight_id":{flight},"seats":1,"date":"{DATE}"}}"#);
    Request::post_json("/api/bookings", body)
}
