//! The starts of the services: the time until each is ready.

use std::time::Instant;

use local_servers::service::Service;

use crate::results::Results;
use crate::setup::{Stack, settings};

/// Starts each service of each stack again, in turn.
pub async fn round(stacks: &mut [Stack], results: &mut Results) -> anyhow::Result<()> {
    for service in Service::ALL {
        for (index, stack) in stacks.iter_mut().enumerate() {
            stack.servers.stop(service).await?;
            let began = Instant::now();
            stack.servers.start(service, settings(service)).await?;
            let took_ms = began.elapsed().as_secs_f64() * 1000.0;
            results.add(name(service), index, took_ms);
        }
    }
    Ok(())
}

fn name(service: Service) -> &'static str {
    match service {
        Service::Flight => "start of flight-service",
        Service::Booking => "start of booking-service",
        Service::Payment => "start of payment-service",
    }
}
