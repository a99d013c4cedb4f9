//! The three services, started and stopped one by one, each always on the same port.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use local_servers::ports::free_port;
use payment_service::provider::PaymentProvider;
use serde_json::{Value, json};
use service_core::settings::AuthMode;
use service_http::server::ServiceHandle;
use test_stack::{PrivateServers, Servers, wait_until};
use tokio::task::JoinHandle;

use crate::caller::{Caller, SOON};
use crate::databases::{DAY, Databases};

/// DEL to BOM, 130 seats free at 8500.00.
pub const AI101: i64 = 1;
/// DEL to BOM, 100 seats free at 7800.00.
pub const AI103: i64 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Flights,
    Bookings,
    Payments,
}

pub const PARTS: [Part; 3] = [Part::Flights, Part::Bookings, Part::Payments];

/// The settings of all three.
pub struct Settings {
    pub flights: flight_service::settings::Settings,
    pub bookings: booking_service::settings::Settings,
    pub payments: payment_service::settings::Settings,
    /// The payment provider in place of the mock.
    pub provider: Option<Arc<dyn PaymentProvider>>,
}

/// Sales never close, so that the demo's flights can be booked.
pub fn flight_settings(url: &str) -> anyhow::Result<flight_service::settings::Settings> {
    let mut settings = flight_service::settings::Settings::load(None)?;
    settings.auth.mode = AuthMode::Open;
    settings.http.workers = 1;
    settings.database.url = Some(url.into());
    settings.database.migrate_on_start = false;
    settings.sales.close_before_departure = None;
    Ok(settings)
}

pub fn booking_settings(url: &str) -> anyhow::Result<booking_service::settings::Settings> {
    let mut settings = booking_service::settings::Settings::load(None)?;
    settings.auth.mode = AuthMode::Open;
    settings.http.workers = 1;
    settings.database.url = Some(url.into());
    settings.database.migrate_on_start = false;
    settings.bookings.poll_interval = Duration::from_millis(100);
    settings.bookings.payment_pause = Duration::from_millis(10);
    settings.customers = booking_service::settings::CustomerSettings::FREE;
    Ok(settings)
}

/// A mock provider that never fails and takes no time.
pub fn payment_settings(url: &str) -> anyhow::Result<payment_service::settings::Settings> {
    let mut settings = payment_service::settings::Settings::load(None)?;
    settings.auth.mode = AuthMode::Open;
    settings.http.workers = 1;
    settings.database.url = Some(url.into());
    settings.database.migrate_on_start = false;
    settings.mock.failure_rate = 0.0;
    settings.mock.timeout_rate = 0.0;
    settings.mock.processing_time = Duration::ZERO;
    settings.mock.processing_jitter = Duration::ZERO;
    Ok(settings)
}

/// A running service.
struct Running {
    handle: ServiceHandle,
    task: JoinHandle<anyhow::Result<()>>,
}

/// Services that run until [`Self::finish`].
pub struct Services {
    pub flights: Caller,
    pub bookings: Caller,
    pub payments: Caller,
    pub settings: Settings,
    running: [Option<Running>; 3],
    pub databases: Databases,
    servers: Option<PrivateServers>,
}

impl Services {
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(|_| {}).await
    }

    /// With changed settings.
    pub async fn start_with(change: impl FnOnce(&mut Settings)) -> anyhow::Result<Self> {
        Self::start_on(None, Databases::create(None).await?, change).await
    }

    /// With more dated flights.
    pub async fn start_with_flights(rows: &str) -> anyhow::Result<Self> {
        let databases = Databases::create(None).await?;
        databases.add_flights(rows).await?;
        Self::start_on(None, databases, |_| {}).await
    }

    /// With a private PostgreSQL and Redis.
    pub async fn start_on_own(servers: PrivateServers) -> anyhow::Result<Self> {
        let databases = Databases::create(Some(&servers)).await?;
        Self::start_on(Some(servers), databases, |_| {}).await
    }

    async fn start_on(
        servers: Option<PrivateServers>,
        databases: Databases,
        change: impl FnOnce(&mut Settings),
    ) -> anyhow::Result<Self> {
        let mut settings = Settings {
            flights: flight_settings(databases.flights.url())?,
            bookings: booking_settings(databases.bookings.url())?,
            payments: payment_settings(databases.payments.url())?,
            provider: None,
        };
        let redis = match &servers {
            Some(own) => own.redis.url(),
            None => Servers::shared().await?.redis_url().to_owned(),
        };
        settings.flights.redis.url = Some(redis.into());
        settings.flights.redis.key_prefix = Servers::shared().await?.unique_key_prefix();
        settings.bookings.redis = settings.flights.redis.clone();
        // Ports outside the ephemeral range, so that a restarted service finds its own free.
        let (flights, payments) = (free_port()?, free_port()?);
        settings.flights.http.port = flights;
        settings.bookings.http.port = free_port()?;
        settings.payments.http.port = payments;
        settings.bookings.flights.url = format!("http://127.0.0.1:{flights}").parse()?;
        settings.bookings.payments.url = format!("http://127.0.0.1:{payments}").parse()?;
        change(&mut settings);
        let mut services = Self {
            flights: Caller::new(flights)?,
            bookings: Caller::new(settings.bookings.http.port)?,
            payments: Caller::new(payments)?,
            settings,
            running: [const { None }; 3],
            databases,
            servers,
        };
        for part in PARTS {
            services.start_part(part).await?;
        }
        Ok(services)
    }

    /// Starts a service that does not run.
    pub async fn start_part(&mut self, part: Part) -> anyhow::Result<()> {
        let settings = &self.settings;
        let running = match part {
            Part::Flights => {
                let service = flight_service::Application::build(&settings.flights).await?;
                Running {
                    handle: service.handle(),
                    task: tokio::spawn(service.run()),
                }
            }
            Part::Bookings => {
                let service = booking_service::Application::build(&settings.bookings).await?;
                Running {
                    handle: service.handle(),
                    task: tokio::spawn(service.run()),
                }
            }
            Part::Payments => {
                let service = match &settings.provider {
                    Some(provider) => {
                        let provider = Arc::clone(provider);
                        payment_service::Application::with_provider(&settings.payments, provider)
                            .await?
                    }
                    None => payment_service::Application::build(&settings.payments).await?,
                };
                Running {
                    handle: service.handle(),
                    task: tokio::spawn(service.run()),
                }
            }
        };
        self.running[part as usize] = Some(running);
        Ok(())
    }

    /// Stops a service and waits for its end.
    pub async fn stop_part(&mut self, part: Part) -> anyhow::Result<()> {
        let running = self.running[part as usize].take();
        let running = running.with_context(|| format!("{part:?} does not run"))?;
        running.handle.stop(true).await;
        tokio::time::timeout(SOON, running.task).await??
    }

    pub async fn restart_part(&mut self, part: Part) -> anyhow::Result<()> {
        self.stop_part(part).await?;
        self.start_part(part).await
    }

    /// The test's private servers, to be killed and restarted.
    pub fn own_servers(&mut self) -> anyhow::Result<&mut PrivateServers> {
        self.servers.as_mut().context("the servers are shared")
    }

    /// Waits until all three are ready.
    pub async fn ready(&self) -> anyhow::Result<()> {
        for service in [&self.flights, &self.bookings, &self.payments] {
            wait_until("a service is ready", SOON, async || {
                let ready = service.get("/ready").await;
                ready.is_ok_and(|answer| answer.body["status"] == "ready")
            })
            .await?;
        }
        Ok(())
    }

    /// A flight's free seats.
    pub async fn free(&self, flight: i64) -> anyhow::Result<i64> {
        let answer = self.flights.get(&format!("/api/flights/{flight}")).await?;
        let free = answer.body["available_seats"].as_i64();
        free.with_context(|| format!("no available_seats: {answer:?}"))
    }

    pub async fn charge(&self, payment: &Value) -> anyhow::Result<Value> {
        let id = payment.as_str().context("no payment_id")?;
        let answer = self.payments.get(&format!("/api/payments/{id}")).await?;
        Ok(answer.body)
    }

    /// Checks that everything has reached its end and adds up, then stops the services gracefully.
    pub async fn finish(mut self) -> anyhow::Result<()> {
        Box::pin(self.check_invariants()).await?;
        for part in PARTS {
            Box::pin(self.stop_part(part)).await?;
        }
        drop(self.databases);
        match self.servers {
            Some(servers) => servers.stop().await,
            None => Ok(()),
        }
    }
}

/// The body of a booking.
pub fn booking_of(flight: i64, seats: i64) -> Value {
    json!({"user_id": 1, "flight_id": flight, "seats": seats, "date": DAY})
}

/// The id of an answer's booking.
pub fn id_of(answer: &crate::caller::Answer) -> anyhow::Result<i64> {
    let id = &answer.body["booking_id"];
    id.as_i64()
        .with_context(|| format!("no booking_id: {answer:?}"))
}
