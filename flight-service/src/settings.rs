//! The service's settings; `settings.default.toml` explains each.

use std::path::Path;
use std::time::Duration;

use inventory::decide::SalesPolicy;
use itinerary::ConnectionWindow;
use jiff::SignedDuration;
use serde::Deserialize;
use serde::de::IgnoredAny;
use service_core::settings::LimitSettings;
use service_core::settings::StreamSettings;
use service_core::settings::{
    AuthSettings, DatabaseSettings, HttpSettings, LogSettings, RedisSettings, SettingsError,
    Validate, duration_or_never, load, require,
};

/// The defaults, embedded in the binary.
pub const DEFAULTS: &str = include_str!("settings.default.toml");

/// All settings of flight-service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How it listens.
    pub http: HttpSettings,
    /// Who may call.
    pub auth: AuthSettings,
    /// How much it answers.
    pub limits: LimitSettings,
    /// How much is watched.
    pub streams: StreamSettings,
    /// The flights database.
    pub database: DatabaseSettings,
    /// Redis, for the gate.
    pub redis: RedisSettings,
    /// Its logs.
    pub log: LogSettings,
    /// When sales end.
    pub sales: SalesSettings,
    /// How it searches.
    pub search: SearchSettings,
    /// How it follows the schedule.
    pub schedule: ScheduleSettings,
    /// How it counts seats.
    pub inventory: InventorySettings,
}

/// When sales end.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SalesSettings {
    /// How long before departure; `None` where it is `never`.
    #[serde(deserialize_with = "duration_or_never")]
    pub close_before_departure: Option<Duration>,
    /// booking-service's, which may be in the same environment: not read.
    #[serde(default, rename = "close_before_event")]
    _events: IgnoredAny,
}

impl SalesSettings {
    /// The same for the inventory.
    ///
    /// # Errors
    /// When the time is longer than can be counted.
    pub fn policy(&self) -> Result<SalesPolicy, jiff::Error> {
        let close_before_start = self
            .close_before_departure
            .map(SignedDuration::try_from)
            .transpose()?;
        Ok(SalesPolicy { close_before_start })
    }
}

/// How it searches.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchSettings {
    /// The shortest time between two flights of an itinerary.
    #[serde(with = "humantime_serde")]
    pub connection_min: Duration,
    /// The longest.
    #[serde(with = "humantime_serde")]
    pub connection_max: Duration,
    /// Memory for what searches found, in bytes.
    pub cache_bytes: u64,
    /// How long that is kept.
    #[serde(with = "humantime_serde")]
    pub cache_lifetime: Duration,
    /// Memory for whole answers, in bytes.
    pub page_cache_bytes: u64,
    /// Whether replicas share what searches found.
    pub redis_cache: bool,
    /// How long one look into that may take.
    #[serde(with = "humantime_serde")]
    pub redis_timeout: Duration,
}

/// How it follows the schedule.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSettings {
    /// How often the database is asked what changed.
    #[serde(with = "humantime_serde")]
    pub poll_interval: Duration,
}

/// How it counts seats.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InventorySettings {
    /// How long a command may wait for its commit.
    #[serde(with = "humantime_serde")]
    pub commit_timeout: Duration,
    /// How long a proof of the ledger may take.
    #[serde(with = "humantime_serde")]
    pub proof_timeout: Duration,
}

impl Settings {
    /// Reads them: the defaults, then this file, then the environment.
    ///
    /// # Errors
    /// When one is unknown, malformed or senseless.
    pub fn load(file: Option<&Path>) -> Result<Self, SettingsError> {
        load(DEFAULTS, file, &[])
    }
}

impl Validate for Settings {
    fn validate(&self) -> Result<(), SettingsError> {
        self.http.validate()?;
        self.limits.validate()?;
        self.streams.validate()?;
        self.database.validate()?;
        self.redis.validate()?;
        require(
            self.sales.policy().is_ok(),
            "sales.close_before_departure",
            "is too long",
        )?;
        require(
            ConnectionWindow::new(self.search.connection_min, self.search.connection_max).is_ok(),
            "search.connection_min",
            "must not be above search.connection_max",
        )?;
        require(
            !self.search.redis_timeout.is_zero(),
            "search.redis_timeout",
            "must be above zero",
        )?;
        require(
            !self.schedule.poll_interval.is_zero(),
            "schedule.poll_interval",
            "must be above zero",
        )?;
        require(
            !self.inventory.commit_timeout.is_zero(),
            "inventory.commit_timeout",
            "must be above zero",
        )?;
        require(
            !self.inventory.proof_timeout.is_zero(),
            "inventory.proof_timeout",
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
        assert_eq!(
            settings.sales.close_before_departure,
            Some(Duration::from_secs(3600))
        );
    }

    #[test]
    fn sales_may_never_close() {
        let sales: SalesSettings =
            serde_json::from_str(r#"{"close_before_departure":"never"}"#).unwrap();
        assert_eq!(sales.policy().unwrap(), SalesPolicy::default());
        let wrong = serde_json::from_str::<SalesSettings>(r#"{"close_before_departure":"later"}"#);
        assert!(
            wrong
                .unwrap_err()
                .to_string()
                .contains("neither a time nor never")
        );
    }
}
