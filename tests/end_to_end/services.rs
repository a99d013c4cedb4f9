//! The three services in this process, started and stopped one by one, each at the same port every time.

use std::sync::Arc;

use anyhow::Context as _;
use local_servers::ports::free_port;
use local_servers::service::Service;
use payment_service::provider::PaymentProvider;
use serde_json::{Value, json};
use test_stack::caller::{Answer, Caller, SOON};
use test_stack::{InProcess, PrivateServers, Servers, assert_at_end, wait_until};

use crate::databases::{DAY, Databases};
use crate::invariants::check_invariants;
use crate::schedule::add_flights;
use crate::settings::{booking_settings, flight_settings, payment_settings};

/// DEL to BOM, 130 seats free at 8500.00.
pub const AI101: i64 = 1;
/// DEL to BOM, 100 seats free at 7800.00.
pub const AI103: i64 = 3;

/// The settings of all three.
pub struct Settings {
    pub flights: flight_service::settings::Settings,
    pub bookings: booking_service::settings::Settings,
    pub payments: payment_service::settings::Settings,
    /// The payment provider in place of the mock.
    pub provider: Option<Arc<dyn PaymentProvider>>,
}

/// The three services. Dropped, everything has to come to its end and to add up; then they have to end in order.
pub struct Services {
    pub flights: Caller,
    pub bookings: Caller,
    pub payments: Caller,
    pub settings: Settings,
    are_invariants_checked: bool,
    running: [Option<InProcess>; 3],
    pub databases: Databases,
    servers: Option<PrivateServers>,
}

impl Services {
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(|_| {}).await
    }

    /// With changed settings.
    pub async fn start_with(change: impl FnOnce(&mut Settings)) -> anyhow::Result<Self> {
        Self::start_on(None, Databases::create().await?, change).await
    }

    /// With more dated flights.
    pub async fn start_with_flights(rows: &str) -> anyhow::Result<Self> {
        let databases = Databases::create().await?;
        add_flights(&databases, rows).await?;
        Self::start_on(None, databases, |_| {}).await
    }

    /// With a private PostgreSQL and Redis.
    pub async fn start_on_own(servers: PrivateServers) -> anyhow::Result<Self> {
        let databases =
            Databases::create_on([servers.postgres.url("postgres").as_str(); 3]).await?;
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
            flights: Caller::local(flights)?,
            bookings: Caller::local(settings.bookings.http.port)?,
            payments: Caller::local(payments)?,
            settings,
            are_invariants_checked: true,
            running: [const { None }; 3],
            databases,
            servers,
        };
        for service in Service::ALL {
            services.start_service(service).await?;
        }
        Ok(services)
    }

    /// Starts one that does not run.
    pub async fn start_service(&mut self, service: Service) -> anyhow::Result<()> {
        let running = match service {
            Service::Flight => {
                Box::pin(run_flights(self.settings.flights.clone()))
                    .await?
                    .1
            }
            Service::Booking => {
                Box::pin(run_bookings(self.settings.bookings.clone()))
                    .await?
                    .1
            }
            Service::Payment => {
                let provider = self.settings.provider.clone();
                Box::pin(run_payments(self.settings.payments.clone(), provider))
                    .await?
                    .1
            }
        };
        self.running[service as usize] = Some(running);
        Ok(())
    }

    /// Stops one and waits for its end.
    pub async fn stop_service(&mut self, service: Service) -> anyhow::Result<()> {
        let running = self.running[service as usize].take();
        let running = running.with_context(|| format!("{} does not run", service.name()))?;
        running.stop().await
    }

    pub async fn restart_service(&mut self, service: Service) -> anyhow::Result<()> {
        self.stop_service(service).await?;
        self.start_service(service).await
    }

    /// For a test that leaves what can't come to its end, or does not add up.
    pub fn skip_invariants(&mut self) {
        self.are_invariants_checked = false;
    }

    /// The test's private servers, to be killed and restarted.
    pub fn own_servers(&mut self) -> anyhow::Result<&mut PrivateServers> {
        self.servers.as_mut().context("the servers are shared")
    }

    /// Waits until all three are ready.
    pub async fn ready(&self) -> anyhow::Result<()> {
        for service in [&self.flights, &self.bookings, &self.payments] {
            let waited = wait_until("a service is ready", SOON, async || {
                let ready = service.get("/ready").await;
                ready.is_ok_and(|answer| answer.body["status"] == "ready")
            });
            if let Err(error) = waited.await {
                let last = service.get("/ready").await.map(|answer| answer.body);
                return Err(error.context(format!("/ready answers {last:?}")));
            }
        }
        Ok(())
    }

    /// How many seats of a flight are free.
    pub async fn free_seats(&self, flight: i64) -> anyhow::Result<i64> {
        self.flights.free_seats(flight).await
    }

    pub async fn charge(&self, payment: &Value) -> anyhow::Result<Value> {
        let id = payment.as_str().context("no payment_id")?;
        let answer = self.payments.get(&format!("/api/payments/{id}")).await?;
        Ok(answer.body)
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        // A test that stopped one has failed before it started it again.
        if self.are_invariants_checked && self.running.iter().all(Option::is_some) {
            assert_at_end(|| check_invariants(&self.databases));
        }
    }
}

/// Runs flight-service; answers its port.
pub async fn run_flights(
    settings: flight_service::settings::Settings,
) -> anyhow::Result<(u16, InProcess)> {
    let build = async move { flight_service::Application::build(&settings).await };
    let service = InProcess::build(build).await?;
    let (port, handle) = (service.address().port(), service.handle());
    let stop = async move { handle.stop(true).await };
    Ok((port, InProcess::run(service.run(), stop)?))
}

/// Runs booking-service; answers its port.
pub async fn run_bookings(
    settings: booking_service::settings::Settings,
) -> anyhow::Result<(u16, InProcess)> {
    let build = async move { booking_service::Application::build(&settings).await };
    let service = InProcess::build(build).await?;
    let (port, handle) = (service.address().port(), service.handle());
    let stop = async move { handle.stop(true).await };
    Ok((port, InProcess::run(service.run(), stop)?))
}

/// Runs payment-service, with this provider or with the mock; answers its port.
pub async fn run_payments(
    settings: payment_service::settings::Settings,
    provider: Option<Arc<dyn PaymentProvider>>,
) -> anyhow::Result<(u16, InProcess)> {
    let build = async move {
        match provider {
            Some(provider) => {
                payment_service::Application::with_provider(&settings, provider).await
            }
            None => payment_service::Application::build(&settings).await,
        }
    };
    let service = InProcess::build(build).await?;
    let (port, handle) = (service.address().port(), service.handle());
    let stop = async move { handle.stop(true).await };
    Ok((port, InProcess::run(service.run(), stop)?))
}

/// The body of a booking.
pub fn booking_of(flight: i64, seats: i64) -> Value {
    json!({"user_id": 1, "flight_id": flight, "seats": seats, "date": DAY})
}

/// The booking that an answer is about.
pub fn id_of(answer: &Answer) -> anyhow::Result<i64> {
    let id = &answer.body["booking_id"];
    id.as_i64()
        .with_context(|| format!("no booking_id: {answer:?}"))
}
