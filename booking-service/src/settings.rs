//! The service's settings; `settings.default.toml` explains each.

use std::path::Path;
use std::time::Duration;

use reqwest::Url;
use serde::Deserialize;
use service_kit::extract::from_text;
use service_kit::settings::{
    AuthSettings, DatabaseSettings, HttpSettings, LogSettings, SettingsError, Validate, load,
    require,
};

/// The defaults, embedded in the binary.
pub const DEFAULTS: &str = include_str!("settings.default.toml");

/// All settings of booking-service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How it listens.
    pub http: HttpSettings,
    /// Who may call.
    pub auth: AuthSettings,
    /// The bookings database.
    pub database: DatabaseSettings,
    /// Its logs.
    pub log: LogSettings,
    /// flight-service.
    pub flights: ServiceSettings,
    /// payment-service.
    pub payments: ServiceSettings,
    /// How bookings are worked on.
    pub bookings: BookingSettings,
}

/// Another service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceSettings {
    /// Where it is.
    #[serde(deserialize_with = "from_text")]
    pub url: Url,
    /// How long one call may take.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
}

/// How bookings are worked on.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookingSettings {
    /// After it nothing new is begun for a booking that is still pending.
    #[serde(with = "humantime_serde")]
    pub deadline: Duration,
    /// How long a booking belongs to whoever works on it.
    #[serde(with = "humantime_serde")]
    pub lease: Duration,
    /// How often work that nobody does is looked for.
    #[serde(with = "humantime_serde")]
    pub look_for_work_every: Duration,
    /// How many bookings are taken over at once.
    pub work_at_once: usize,
}

impl Settings {
    /// Reads them: the defaults, then this file, then the environment.
    ///
    /// # Errors
    /// When one is unknown, malformed or senseless.
    pub fn load(file: Option<&Path>) -> Result<Self, SettingsError> {
        let aliases = [
            ("FLIGHT_SERVICE_URL", "flights.url"),
            ("PAYMENT_SERVICE_URL", "payments.url"),
            ("PAYMENT_TIMEOUT", "payments.timeout"),
        ];
        load(DEFAULTS, file, &aliases)
    }
}

impl Validate for Settings {
    fn validate(&self) -> Result<(), SettingsError> {
        self.http.validate()?;
        self.database.validate()?;
        let (payments, bookings) = (&self.payments, &self.bookings);
        require(
            payments.timeout < self.http.request_timeout,
            "payments.timeout",
            "must be below http.request_timeout, or no caller would learn of a late charge",
        )?;
        require(
            payments.timeout < bookings.lease && self.flights.timeout < bookings.lease,
            "bookings.lease",
            "must be above payments.timeout and flights.timeout, or running work would be taken over",
        )?;
        require(
            (1..=256).contains(&bookings.work_at_once),
            "bookings.work_at_once",
            "must be from 1 to 256",
        )?;
        require(
            !bookings.look_for_work_every.is_zero(),
            "bookings.look_for_work_every",
            "must be above zero",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_make_sense() {
        let settings = Settings::load(None).unwrap();
        assert_eq!(settings.payments.timeout, Duration::from_secs(10));
    }

    #[test]
    fn a_lease_shorter_than_a_charge_is_refused() {
        let mut settings = Settings::load(None).unwrap();
        settings.bookings.lease = settings.payments.timeout;
        let error = settings.validate().unwrap_err().to_string();
        assert!(error.starts_with("bookings.lease"), "{error}");
    }
}
