//! Hosts that vanish: nothing answers, nothing is closed. The link to a database or a service falls silent
//! while two replicas of booking-service work. Where the other replica can continue, it finishes what was
//! begun; once the link is back, everything reaches its end.
//!
//! `HOLDFAST_SILENCE_ROUNDS` is the number of rounds (each link once), `HOLDFAST_SILENCE_SECONDS` the length
//! of a silence (5).

use std::time::Duration;

use anyhow::{Context as _, ensure};
use local_servers::logs::last_lines;
use local_servers::ports::free_port;
use local_servers::redis;
use local_servers::temporary_directory::TemporaryDirectory;
use reqwest::Method;
use serde_json::json;
use test_stack::{Proxy, Servers, wait_for};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::caller::{Call, Caller, PEACE_WITHIN};
use crate::databases::{DAY, Databases};
use crate::environment::{Ports, Settings, environment};
use crate::number;
use crate::process::{Keeping, Part, QUOTED_LINES, Service};

/// Timeout for the other replica to finish the work of one whose database fell silent.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(15);

const SILENT_SECONDS: u64 = 5;

/// Bookings requested from each replica before the silence, and during it.
const BOOKINGS: usize = 6;

const PAYMENTS: Settings = &[
    ("HOLDFAST__MOCK__FAILURE_RATE", "0"),
    ("HOLDFAST__MOCK__TIMEOUT_RATE", "0"),
    ("HOLDFAST__MOCK__PROCESSING_TIME", "300ms"),
    ("HOLDFAST__MOCK__PROCESSING_JITTER", "0s"),
];

const FLIGHTS: Settings = &[("HOLDFAST__SALES__CLOSE_BEFORE_DEPARTURE", "never")];

/// The silent link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// To the bookings database, for one of the two replicas.
    BookingsDatabase,
    FlightsDatabase,
    PaymentsDatabase,
    Flights,
    Payments,
}

const LINKS: [Link; 5] = [
    Link::BookingsDatabase,
    Link::PaymentsDatabase,
    Link::Payments,
    Link::FlightsDatabase,
    Link::Flights,
];

#[tokio::test]
async fn bookings_end_although_a_host_vanishes() -> anyhow::Result<()> {
    Servers::shared().await?;
    let rounds = number("HOLDFAST_SILENCE_ROUNDS")?.unwrap_or(LINKS.len().try_into()?);
    let seconds = number("HOLDFAST_SILENCE_SECONDS")?.unwrap_or(SILENT_SECONDS);
    for (round, link) in (0..rounds).zip(LINKS.into_iter().cycle()) {
        let world = World::start(link).await?;
        let played = world.play(Duration::from_secs(seconds)).await;
        let logs = ["one.log", "other.log"]
            .map(|name| last_lines(&world.logs.path().join(name), QUOTED_LINES));
        let ended = world.end().await;
        played.with_context(|| format!("round {round}, {link:?}\n{}", logs.join("\n\n")))?;
        ended?;
    }
    Ok(())
}

struct World {
    link: Link,
    proxy: Proxy,
    databases: Databases,
    redis: redis::Server,
    services: Vec<Service>,
    at_one: Caller,
    at_other: Caller,
    logs: TemporaryDirectory,
    _peace: watch::Sender<bool>,
}

impl World {
    async fn start(link: Link) -> anyhow::Result<Self> {
        let databases = Databases::create().await?;
        let redis = redis::Server::temporary().await?;
        let logs = TemporaryDirectory::new("silence")?;
        let (peace, at_peace) = watch::channel(false);
        let ports = Ports::free()?;
        let other_ports = ports.with(Part::Bookings, free_port()?);
        let at = |part| format!("http://127.0.0.1:{}", ports.of(part));
        let behind = match link {
            Link::BookingsDatabase => databases.bookings.url().to_owned(),
            Link::FlightsDatabase => databases.flights.url().to_owned(),
            Link::PaymentsDatabase => databases.payments.url().to_owned(),
            Link::Flights => at(Part::Flights),
            Link::Payments => at(Part::Payments),
        };
        let proxy = Proxy::before(&behind).await?;
        let by_proxy = |variable| vec![(variable, proxy.url())];
        let through = |part, is_one| match (link, part) {
            (Link::BookingsDatabase, Part::Bookings) if is_one => by_proxy("DATABASE_URL"),
            (Link::FlightsDatabase, Part::Flights) | (Link::PaymentsDatabase, Part::Payments) => {
                by_proxy("DATABASE_URL")
            }
            (Link::Flights, Part::Bookings) => by_proxy("FLIGHT_SERVICE_URL"),
            (Link::Payments, Part::Bookings) => by_proxy("PAYMENT_SERVICE_URL"),
            _ => Vec::new(),
        };
        let keep = |name: &str, part, ports, settings, is_one| {
            let through = through(part, is_one);
            Service::keep(Keeping {
                part,
                environment: environment(part, ports, &databases, &redis, &[settings, &through]),
                steps: Vec::new(),
                is_left_dead: false,
                log: logs.path().join(format!("{name}.log")),
                peace: at_peace.clone(),
            })
        };
        let services = vec![
            keep("flights", Part::Flights, ports, FLIGHTS, false),
            keep("payments", Part::Payments, ports, PAYMENTS, false),
            keep("one", Part::Bookings, ports, &[], true),
            keep("other", Part::Bookings, other_ports, &[], false),
        ];
        Ok(Self {
            link,
            services,
            at_one: Caller::new(ports.of(Part::Bookings))?,
            at_other: Caller::new(other_ports.of(Part::Bookings))?,
            proxy,
            databases,
            redis,
            logs,
            _peace: peace,
        })
    }

    async fn play(&self, silent_for: Duration) -> anyhow::Result<()> {
        let ready = Call::new(Method::GET, "/ready");
        for caller in [&self.at_one, &self.at_other] {
            caller.insist(&ready).await?;
        }
        let event = json!({
            "name": "Rock Concert", "description": "An evening in the park",
            "date_time": "2100-07-10T19:30:00Z", "total_tickets": 1000, "ticket_price": 75.5,
        });
        let event = self.make("/api/v1/events", event).await?;
        let seats = json!({"user_id": 7, "seats": 1, "date": DAY, "flight_id": 1});

        // Both replicas have unpaid tickets when the link falls silent.
        let mut booked = Vec::new();
        for number in 0..BOOKINGS {
            for (name, caller) in [("one", &self.at_one), ("other", &self.at_other)] {
                // A user each, because unpaid tickets per user are limited.
                let email = format!("{name}{number}@example.org");
                let user = json!({"name": "Ann", "email": email});
                let user = self.make("/api/v1/users", user).await?;
                let tickets = json!({"user_id": user, "event_id": event, "quantity": 1});
                let key = format!("{name} {number}");
                let call = Call::post("/api/v1/bookings", tickets).keyed(key);
                let answer = caller.insist(&call).await?;
                ensure!(answer.status == 201, "{answer:?}");
                let id = answer.body["id"].as_str().context("no id")?.to_owned();
                booked.push(id);
            }
        }
        self.proxy.take_new(false);
        self.proxy.silence();
        let silent_at = Instant::now();
        // Not waited for: a client may time out, and retry.
        let asked = (0..BOOKINGS).map(|number| {
            let key = format!("seats {number}");
            let call = Call::post("/api/bookings", seats.clone()).keyed(key);
            let caller = [&self.at_one, &self.at_other][number % 2].clone();
            (
                call.clone(),
                tokio::spawn(async move { caller.once(&call).await }),
            )
        });
        let asked: Vec<_> = asked.collect();
        if self.link == Link::BookingsDatabase {
            self.confirmed(&booked, TAKEN_OVER_WITHIN).await?;
        }
        tokio::time::sleep_until(silent_at + silent_for).await;
        self.proxy.take_new(true);
        self.proxy.cut();

        self.confirmed(&booked, PEACE_WITHIN).await?;
        for (call, first) in asked {
            first.await??;
            let answer = self.at_other.insist(&call).await?;
            ensure!(answer.status < 300, "{answer:?}");
        }
        wait_for("everything adds up", PEACE_WITHIN, async || {
            let verdict = self.databases.audit().await?;
            ensure!(verdict.unfinished.count == 0, "{verdict}");
            ensure!(
                verdict.charges_kept == verdict.confirmed_to_pay,
                "{verdict}"
            );
            Ok::<_, anyhow::Error>(())
        })
        .await?;
        for caller in [&self.at_one, &self.at_other] {
            let answer = caller.insist(&ready).await?;
            ensure!(answer.body["status"] == "ready", "{answer:?}");
        }
        Ok(())
    }

    /// Waits until these are confirmed, as seen at the other replica.
    async fn confirmed(&self, booked: &[String], within: Duration) -> anyhow::Result<()> {
        wait_for("every booking is confirmed", within, async || {
            for id in booked {
                let call = Call::new(Method::GET, format!("/api/v1/bookings/{id}"));
                let seen = self.at_other.insist(&call).await?;
                ensure!(seen.body["status"] == "CONFIRMED", "{seen:?}");
            }
            Ok::<_, anyhow::Error>(())
        })
        .await
    }

    async fn make(&self, path: &str, body: serde_json::Value) -> anyhow::Result<String> {
        let answer = self.at_other.insist(&Call::post(path, body)).await?;
        ensure!(answer.status == 201, "{answer:?}");
        Ok(answer.body["id"].as_str().context("no id")?.to_owned())
    }

    async fn end(mut self) -> anyhow::Result<()> {
        for service in self.services {
            service.end().await?;
        }
        Ok(self.redis.stop().await?)
    }
}
