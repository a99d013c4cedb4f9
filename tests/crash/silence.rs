//! Hosts that vanish: nothing answers, nothing is closed. The link to a database or a service falls silent
//! while two replicas of booking-service work. Where the other replica can continue, it finishes what was
//! begun; once the link is back, everything reaches its end.
//!
//! `HOLDFAST_SILENCE_ROUNDS` is the number of rounds (each link once), `HOLDFAST_SILENCE_SECONDS` the length
//! of a silence (5).

use std::time::Duration;

use anyhow::{Context as _, ensure};
use local_servers::ports::free_port;
use local_servers::service::Service;
use serde_json::json;
use test_stack::caller::{Call, Caller};
use test_stack::environment::{Ports, Settings};
use test_stack::{Proxy, Servers, wait_for};
use tokio::time::Instant;

use crate::cluster::{
    Cluster, Member, WILLING_PROVIDER, are_ready, end_all, event, id_of, is_confirmed, make,
};
use crate::databases::{DAY, Databases};
use crate::number;
use crate::service::KeptService;
use crate::world::SETTLED_WITHIN;

/// Timeout for the other replica to finish the work of one whose database fell silent.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(15);

const SILENT_SECONDS: u64 = 5;

/// Bookings requested from each replica before the silence, and during it.
const BOOKINGS: usize = 6;

const PROCESSING_TIME: Settings<'static> = &[("HOLDFAST__MOCK__PROCESSING_TIME", "300ms")];

const FLIGHTS: Settings<'static> = &[("HOLDFAST__SALES__CLOSE_BEFORE_DEPARTURE", "never")];

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
        let logs = world.cluster.logs(&["one", "other"]);
        let ended = world.end().await;
        played.with_context(|| format!("round {round}, {link:?}\n{logs}"))?;
        ended?;
    }
    Ok(())
}

struct World {
    link: Link,
    proxy: Proxy,
    cluster: Cluster,
    services: Vec<KeptService>,
    at_one: Caller,
    at_other: Caller,
}

impl World {
    async fn start(link: Link) -> anyhow::Result<Self> {
        let cluster = Cluster::start("silence", Databases::create().await?).await?;
        let ports = Ports::free()?;
        let other_ports = ports.with_booking(free_port()?);
        let behind = match link {
            Link::BookingsDatabase => cluster.databases.url(Service::Booking).to_owned(),
            Link::FlightsDatabase => cluster.databases.url(Service::Flight).to_owned(),
            Link::PaymentsDatabase => cluster.databases.url(Service::Payment).to_owned(),
            Link::Flights => ports.url(Service::Flight),
            Link::Payments => ports.url(Service::Payment),
        };
        let proxy = Proxy::before(&behind).await?;
        let by_proxy = |variable| vec![(variable, proxy.url())];
        let through = |service, is_one| match (link, service) {
            (Link::BookingsDatabase, Service::Booking) if is_one => by_proxy("DATABASE_URL"),
            (Link::FlightsDatabase, Service::Flight)
            | (Link::PaymentsDatabase, Service::Payment) => by_proxy("DATABASE_URL"),
            (Link::Flights, Service::Booking) => by_proxy("FLIGHT_SERVICE_URL"),
            (Link::Payments, Service::Booking) => by_proxy("PAYMENT_SERVICE_URL"),
            _ => Vec::new(),
        };
        let keep = |name, service, ports, settings: &[Settings<'_>], is_one| {
            let through = through(service, is_one);
            let settings: Vec<Settings<'_>> = [settings, &[&through]].concat();
            cluster.keep(Member::new(name, service, ports, &settings))
        };
        let provider = [WILLING_PROVIDER, PROCESSING_TIME];
        let services = vec![
            keep("flights", Service::Flight, ports, &[FLIGHTS], false),
            keep("payments", Service::Payment, ports, &provider, false),
            keep("one", Service::Booking, ports, &[], true),
            keep("other", Service::Booking, other_ports, &[], false),
        ];
        Ok(Self {
            link,
            services,
            at_one: Caller::local(ports.of(Service::Booking))?,
            at_other: Caller::local(other_ports.of(Service::Booking))?,
            proxy,
            cluster,
        })
    }

    async fn play(&self, silent_for: Duration) -> anyhow::Result<()> {
        are_ready(&[&self.at_one, &self.at_other]).await?;
        let event = make(&self.at_other, "/api/v1/events", event(1000)).await?;
        let seats = json!({"user_id": 7, "seats": 1, "date": DAY, "flight_id": 1});

        // Both replicas have unpaid tickets when the link falls silent.
        let mut booked = Vec::new();
        for number in 0..BOOKINGS {
            for (name, caller) in [("one", &self.at_one), ("other", &self.at_other)] {
                // A user each, because unpaid tickets per user are limited.
                let email = format!("{name}{number}@example.org");
                let user = json!({"name": "Ann", "email": email});
                let user = make(&self.at_other, "/api/v1/users", user).await?;
                let tickets = json!({"user_id": user, "event_id": event, "quantity": 1});
                let key = format!("{name} {number}");
                let call = Call::post("/api/v1/bookings", tickets).keyed(key);
                let answer = caller.retry(&call).await?;
                ensure!(answer.status == 201, "{answer:?}");
                booked.push(id_of(&answer)?);
            }
        }
        self.proxy.accept_new(false);
        self.proxy.silence();
        let silent_at = Instant::now();
        // Not waited for: a client may time out, and retry.
        let asked = (0..BOOKINGS).map(|number| {
            let key = format!("seats {number}");
            let call = Call::post("/api/bookings", seats.clone()).keyed(key);
            let caller = [&self.at_one, &self.at_other][number % 2].clone();
            (
                call.clone(),
                tokio::spawn(async move { caller.call_once(&call).await }),
            )
        });
        let asked: Vec<_> = asked.collect();
        if self.link == Link::BookingsDatabase {
            self.confirmed(&booked, TAKEN_OVER_WITHIN).await?;
        }
        tokio::time::sleep_until(silent_at + silent_for).await;
        self.proxy.accept_new(true);
        self.proxy.cut();

        self.confirmed(&booked, SETTLED_WITHIN).await?;
        for (call, first) in asked {
            first.await??;
            let answer = self.at_other.retry(&call).await?;
            ensure!(answer.status < 300, "{answer:?}");
        }
        wait_for("everything adds up", SETTLED_WITHIN, async || {
            self.cluster.is_settled().await
        })
        .await?;
        are_ready(&[&self.at_one, &self.at_other]).await
    }

    /// Waits until these are confirmed, as seen at the other replica.
    async fn confirmed(&self, booked: &[String], within: Duration) -> anyhow::Result<()> {
        wait_for("every booking is confirmed", within, async || {
            for id in booked {
                is_confirmed(&self.at_other, id).await?;
            }
            Ok::<_, anyhow::Error>(())
        })
        .await
    }

    async fn end(self) -> anyhow::Result<()> {
        end_all(self.services).await
    }
}
