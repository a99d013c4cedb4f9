//! Further replicas of a test's services, with other settings.

use service_http::server::ServiceHandle;
use tokio::task::JoinHandle;

use crate::caller::{Caller, SOON};
use crate::gated::Gated;
use crate::services::Services;

/// A replica on its own port. It ends with its test, or when stopped.
pub struct Replica {
    pub caller: Caller,
    pub port: u16,
    handle: ServiceHandle,
    running: JoinHandle<anyhow::Result<()>>,
}

impl Replica {
    /// A flight-service with changed settings.
    pub async fn of_flights(
        services: &Services,
        change: impl FnOnce(&mut flight_service::settings::Settings),
    ) -> anyhow::Result<Self> {
        let mut settings = services.settings.flights.clone();
        settings.http.port = 0;
        // Long, because on a busy machine a late answer would count as none.
        settings.redis.timeout = SOON;
        change(&mut settings);
        let service = flight_service::Application::build(&settings).await?;
        let (port, handle) = (service.address().port(), service.handle());
        Self::new(port, handle, tokio::spawn(service.run()))
    }

    pub async fn of_bookings(services: &Services) -> anyhow::Result<Self> {
        let mut settings = services.settings.bookings.clone();
        settings.http.port = 0;
        let service = booking_service::Application::build(&settings).await?;
        let (port, handle) = (service.address().port(), service.handle());
        Self::new(port, handle, tokio::spawn(service.run()))
    }

    /// A payment-service whose provider answers when released.
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
