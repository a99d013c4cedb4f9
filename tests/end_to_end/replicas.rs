//! Further replicas of a test's services, with other settings.

use std::sync::Arc;

use test_stack::InProcess;
use test_stack::caller::{Caller, SOON};

use crate::gated::Gated;
use crate::services::{Services, run_bookings, run_flights, run_payments};

/// A replica on its own port. It ends with its test, or when stopped.
pub struct Replica {
    pub caller: Caller,
    pub port: u16,
    running: InProcess,
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
        Self::new(run_flights(settings).await?)
    }

    pub async fn of_bookings(services: &Services) -> anyhow::Result<Self> {
        let mut settings = services.settings.bookings.clone();
        settings.http.port = 0;
        Self::new(run_bookings(settings).await?)
    }

    /// A payment-service whose provider answers when released.
    pub async fn of_payments(
        services: &Services,
        provider: &Arc<Gated>,
        change: impl FnOnce(&mut payment_service::settings::Settings),
    ) -> anyhow::Result<Self> {
        let mut settings = services.settings.payments.clone();
        settings.http.port = 0;
        change(&mut settings);
        let provider = Arc::clone(provider);
        Self::new(run_payments(settings, Some(provider)).await?)
    }

    fn new((port, running): (u16, InProcess)) -> anyhow::Result<Self> {
        Ok(Self {
            caller: Caller::local(port)?,
            port,
            running,
        })
    }

    pub async fn stop(self) -> anyhow::Result<()> {
        self.running.stop().await
    }
}
