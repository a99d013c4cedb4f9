//! The service's settings, explained in `settings.default.toml`.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use service_core::settings::LimitSettings;
use service_core::settings::{
    AuthSettings, DatabaseSettings, HttpSettings, LogSettings, SettingsError, Validate, load,
    require,
};

use crate::provider::mock::Behaviour;

pub const DEFAULTS: &str = include_str!("settings.default.toml");

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub http: HttpSettings,
    pub auth: AuthSettings,
    pub limits: LimitSettings,
    pub database: DatabaseSettings,
    pub log: LogSettings,
    pub charges: ChargeSettings,
    pub mock: MockSettings,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChargeSettings {
    /// Charges running at once; more are shed with 503.
    pub max_running: usize,
    /// Time limit of a provider call; afterwards the outcome is unknown.
    #[serde(with = "humantime_serde")]
    pub provider_timeout: Duration,
    /// For which a charge belongs to the request that calls the provider; above `provider_timeout`.
    #[serde(with = "humantime_serde")]
    pub lease: Duration,
    /// How long closing a key waits for a running charge.
    #[serde(with = "humantime_serde")]
    pub close_wait: Duration,
}

/// The mock's initial behaviour.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MockSettings {
    /// Share of charges that are declined, 0 to 1.
    pub failure_rate: f64,
    /// Share of charges that time out, 0 to 1.
    pub timeout_rate: f64,
    /// Share of captured charges whose answer is lost, 0 to 1.
    pub lost_answer_rate: f64,
    /// Mean processing time of a charge.
    #[serde(with = "humantime_serde")]
    pub processing_time: Duration,
    /// Uniform jitter around `processing_time`.
    #[serde(with = "humantime_serde")]
    pub processing_jitter: Duration,
}

impl From<MockSettings> for Behaviour {
    fn from(settings: MockSettings) -> Self {
        Self {
            failure_rate: settings.failure_rate,
            timeout_rate: settings.timeout_rate,
            lost_answer_rate: settings.lost_answer_rate,
            processing_time: settings.processing_time,
            processing_jitter: settings.processing_jitter,
        }
    }
}

impl Settings {
    /// Layers the defaults, this file, then the environment.
    ///
    /// # Errors
    /// An unknown, malformed or invalid setting, by name.
    pub fn load(file: Option<&Path>) -> Result<Self, SettingsError> {
        load(DEFAULTS, file, &[])
    }
}

impl Validate for Settings {
    fn validate(&self) -> Result<(), SettingsError> {
        self.http.validate()?;
        self.limits.validate()?;
        self.database.validate()?;
        let charges = &self.charges;
        require(
            (1..=100_000).contains(&charges.max_running),
            "charges.max_running",
            "must be from 1 to 100000",
        )?;
        require(
            !charges.provider_timeout.is_zero(),
            "charges.provider_timeout",
            "must be above zero",
        )?;
        require(
            charges.provider_timeout < self.http.request_timeout,
            "charges.provider_timeout",
            "must be below http.request_timeout, or no caller would learn of it",
        )?;
        require(
            charges.provider_timeout < charges.lease,
            "charges.lease",
            "must be above charges.provider_timeout, or a charge that still runs would be taken over",
        )?;
        require(
            charges.close_wait < self.http.request_timeout,
            "charges.close_wait",
            "must be below http.request_timeout",
        )?;
        Behaviour::from(self.mock)
            .check()
            .map_err(|wrong| SettingsError::Invalid {
                setting: wrong.setting,
                problem: wrong.problem.to_owned(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl FnOnce(&mut Settings)) -> Result<(), SettingsError> {
        let mut settings = Settings::load(None).unwrap();
        change(&mut settings);
        settings.validate()
    }

    #[test]
    fn the_defaults_make_sense() {
        assert!(with(|_| {}).is_ok());
    }

    #[test]
    fn senseless_values_are_named() {
        type Change = fn(&mut Settings);
        let changes: [(Change, &str); 5] = [
            (|s| s.charges.max_running = 0, "charges.max_running"),
            (
                |s| s.charges.provider_timeout = Duration::ZERO,
                "charges.provider_timeout",
            ),
            (
                |s| s.charges.provider_timeout = s.http.request_timeout,
                "charges.provider_timeout",
            ),
            (
                |s| s.charges.lease = s.charges.provider_timeout,
                "charges.lease",
            ),
            (|s| s.mock.failure_rate = 15.0, "mock.failure_rate"),
        ];
        for (change, name) in changes {
            assert!(
                with(change).unwrap_err().to_string().starts_with(name),
                "{name}"
            );
        }
    }
}
