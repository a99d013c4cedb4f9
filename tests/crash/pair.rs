//! Two replicas of booking-service with one flight-service and one payment-service, all with default
//! settings, and customers of both replicas.

use anyhow::{Context as _, ensure};
use futures_util::future::try_join_all;
use local_servers::logs::last_lines;
use local_servers::ports::free_port;
use local_servers::redis;
use local_servers::temporary_directory::TemporaryDirectory;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::caller::{Answer, Call, Caller};
use crate::databases::{DAY, Databases};
use crate::environment::{Ports, Settings, environment};
use crate::process::{Keeping, Part, QUOTED_LINES, Service};

const FLIGHTS: Settings = &[("HOLDFAST__SALES__CLOSE_BEFORE_DEPARTURE", "never")];

/// All customers share one address.
const BOOKINGS: Settings = &[("HOLDFAST__CUSTOMERS__UNPAID_ORDERS_PER_ADDRESS", "0")];

/// Every payment succeeds.
const PAYMENTS: Settings = &[
    ("HOLDFAST__MOCK__FAILURE_RATE", "0"),
    ("HOLDFAST__MOCK__TIMEOUT_RATE", "0"),
    ("HOLDFAST__MOCK__PROCESSING_JITTER", "0s"),
];

/// Flights of the demo with room for hundreds.
const FLIGHT_IDS: [usize; 6] = [1, 3, 8, 9, 12, 13];

pub struct Pair {
    pub one: Caller,
    pub other: Caller,
    pub flights: Service,
    pub payments: Service,
    pub one_service: Service,
    pub databases: Databases,
    other_service: Service,
    redis: redis::Server,
    logs: TemporaryDirectory,
    _peace: watch::Sender<bool>,
}

/// A customer's request, and its replica.
pub struct Customer {
    pub at: Caller,
    pub call: Call,
    /// Event tickets, whose payment is queued; otherwise seats.
    pub wants_tickets: bool,
}

impl Pair {
    /// Starts all services, with a provider that takes this long, and waits until both replicas are ready.
    pub async fn start(databases: Databases, processing_time: &str) -> anyhow::Result<Self> {
        let redis = redis::Server::temporary().await?;
        let logs = TemporaryDirectory::new("pair")?;
        let (peace, at_peace) = watch::channel(false);
        let ports = Ports::free()?;
        let other_ports = ports.with(Part::Bookings, free_port()?);
        let provider: Settings = &[("HOLDFAST__MOCK__PROCESSING_TIME", processing_time)];
        let keep = |name: &str, part, ports, settings: &[Settings<'_>]| {
            Service::keep(Keeping {
                part,
                environment: environment(part, ports, &databases, &redis, settings),
                steps: Vec::new(),
                is_left_dead: false,
                log: logs.path().join(format!("{name}.log")),
                peace: at_peace.clone(),
            })
        };
        let pair = Self {
            flights: keep("flights", Part::Flights, ports, &[FLIGHTS]),
            payments: keep("payments", Part::Payments, ports, &[PAYMENTS, provider]),
            one_service: keep("one", Part::Bookings, ports, &[BOOKINGS]),
            other_service: keep("other", Part::Bookings, other_ports, &[BOOKINGS]),
            one: Caller::new(ports.of(Part::Bookings))?,
            other: Caller::new(other_ports.of(Part::Bookings))?,
            databases,
            redis,
            logs,
            _peace: peace,
        };
        pair.are_ready().await?;
        Ok(pair)
    }

    /// Waits until both replicas are ready and not degraded.
    pub async fn are_ready(&self) -> anyhow::Result<()> {
        for caller in [&self.one, &self.other] {
            let answer = caller.insist(&Call::new(Method::GET, "/ready")).await?;
            ensure!(answer.body["status"] == "ready", "{answer:?}");
        }
        Ok(())
    }

    /// An event with tickets for everybody.
    pub async fn event(&self) -> anyhow::Result<String> {
        let event = json!({
            "name": "Rock Concert", "description": "An evening in the park",
            "date_time": "2100-07-10T19:30:00Z", "total_tickets": 10_000, "ticket_price": 75.5,
        });
        self.make("/api/v1/events", event).await
    }

    /// `count` customers with a unique name, alternating between the replicas: half of them want tickets to
    /// this event, the others seats of several flights.
    pub async fn customers(
        &self,
        name: &str,
        count: usize,
        event: &str,
    ) -> anyhow::Result<Vec<Customer>> {
        let customers = (0..count).map(async |number| {
            let wants_tickets = number % 4 < 2;
            let call = if wants_tickets {
                self.tickets(&format!("{name}-{number}"), event).await?
            } else {
                let flight = FLIGHT_IDS[number % FLIGHT_IDS.len()];
                let seats =
                    json!({"user_id": number + 1, "seats": 1, "date": DAY, "flight_id": flight});
                Call::post("/api/bookings", seats).keyed(format!("{name}-{number}"))
            };
            let at = [&self.one, &self.other][number % 2].clone();
            anyhow::Ok(Customer {
                at,
                call,
                wants_tickets,
            })
        });
        try_join_all(customers).await
    }

    /// The request of a new user for a ticket to this event.
    pub async fn tickets(&self, name: &str, event: &str) -> anyhow::Result<Call> {
        let user = json!({"name": "Ann", "email": format!("{name}@example.org")});
        let user = self.make("/api/v1/users", user).await?;
        let tickets = json!({"user_id": user, "event_id": event, "quantity": 1});
        Ok(Call::post("/api/v1/bookings", tickets).keyed(name.to_owned()))
    }

    /// Ensures that the tickets of this answer are paid, as seen at the other replica.
    pub async fn are_paid(&self, answer: &Answer) -> anyhow::Result<()> {
        let id = answer.body["id"].as_str().context("no id")?;
        let call = Call::new(Method::GET, format!("/api/v1/bookings/{id}"));
        let seen = self.other.insist(&call).await?;
        ensure!(seen.body["status"] == "CONFIRMED", "{seen:?}");
        Ok(())
    }

    /// Ensures that everything has reached its end, and adds up.
    pub async fn is_settled(&self) -> anyhow::Result<()> {
        let verdict = self.databases.audit().await?;
        ensure!(verdict.unfinished.count == 0, "{verdict}");
        ensure!(
            verdict.charges_kept == verdict.confirmed_to_pay,
            "{verdict}"
        );
        Ok(())
    }

    /// The ends of the logs.
    pub fn logs(&self) -> String {
        ["flights", "payments", "one", "other"]
            .map(|name| {
                let log = self.logs.path().join(format!("{name}.log"));
                format!("{name}:\n{}", last_lines(&log, QUOTED_LINES))
            })
            .join("\n\n")
    }

    async fn make(&self, path: &str, body: Value) -> anyhow::Result<String> {
        let answer = self.other.insist(&Call::post(path, body)).await?;
        ensure!(answer.status == 201, "{answer:?}");
        Ok(answer.body["id"].as_str().context("no id")?.to_owned())
    }

    /// Ends all but the databases.
    pub async fn end(mut self) -> anyhow::Result<Databases> {
        for service in [
            self.one_service,
            self.other_service,
            self.payments,
            self.flights,
        ] {
            service.end().await?;
        }
        self.redis.stop().await?;
        Ok(self.databases)
    }
}
