//! More replicas of a service beside those of a test, with other settings.

use service_http::server::ServiceHandle;
use tokio::task::JoinHandle;

use crate::caller::{Caller, SOON};
use crate::gated::Gated;
use crate::services::Services;

/// A replica on a port of its own. It ends with its test, or when it is stopped.
pub struct Replica {
    pub caller: Caller,
    pub port: u16,
    handle: ServiceHandle,
    running: JoinHandle<anyhow::Result<()>>,
}

impl Replica {
    /// Of flight-service, with settings that differ from the test's.
    pub async fn of_flights(
        services: &Services,
        change: impl FnOnce(&mut flight_service::settings::Settings),
    ) -> anyhow::Result<Self> {
        let mut settings = services.settings.flights.clone();
        settings.http.port = 0;
        // However busy the machine is: a late answer would be none.
        settings.redis.timeout = SOON;
        change(&mut settings);
        let service = flight_service::Application::build(&settings).await?;
        let (port, handle) = (service.address().port(), service.handle());
        Self::new(port, handle, tokio::spawn(service.run()))
    }

    /// Of booking-service.
    pub async fn of_bookings(services: &Services) -> anyhow::Result<Self> {
        let mut settings = services.settings.bookings.clone();
        settings.http.port = 0;
        let service = booking_service::Application::build(&settings).await?;
        let (port, handle) = (service.address().port(), service.handle());
        Self::new(port, handle, tokio::spawn(service.run()))
    }

    /// Of payment-service, whose provider answers when it is let.
    pub async fn of_payments(
        services: &Services,
        provider: &std::sync::Arc<Gated>,
        change: impl FnOnce(&mut payment_service::settings::Settings),
    ) -> anyhow::Result<Self> {
        let mut settings = services.settings.payments.clone();
        settings.http.port = 0;
        change(&mut settings);
        let provider = std::sync::Arc::clone(provider);
        let service = payment_service::Application::with_provider(&settings, provider).await?;
        let (port, handle) = (service.address().port(), service.handle());
        Self::new(port, handle, tokio::spawn(service.run()))
    }

    fn new(
        port: u16,
        handle: ServiceHandle,
        running: JoinHandle<anyhow::Result<()>>,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            caller: Caller::new(port)?,
            port,
            handle,
            running,
        })
    }

    pub async fn stop(self) -> anyhow::Result<()> {
        self.handle.stop(true).await;
        tokio::time::timeout(SOON, self.running).await??
    }
}
