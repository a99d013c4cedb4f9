//! The settings of each service for tests.

use std::time::Duration;

use service_core::settings::AuthMode;

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
