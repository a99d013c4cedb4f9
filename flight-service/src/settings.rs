//! The service's settings, explained in `settings.default.toml`.

use std::path::Path;
use std::time::Duration;

use domain::sale_rules::SalesPolicy;
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

pub const DEFAULTS: &str = include_str!("settings.default.toml");

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub http: HttpSettings,
    pub auth: AuthSettings,
    pub limits: LimitSettings,
    pub streams: StreamSettings,
    pub database: DatabaseSettings,
    /// For the gate, and optionally the search cache.
    pub redis: RedisSettings,
    pub log: LogSettings,
    pub sales: SalesSettings,
    pub search: SearchSettings,
    /// How the schedule in memory follows the database.
    pub schedule: ScheduleSettings,
    pub inventory: InventorySettings,
}

/// The end of sales.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SalesSettings {
    /// Before departure; `None` where it is `never`.
    #[serde(deserialize_with = "duration_or_never")]
    pub close_before_departure: Option<Duration>,
    /// booking-service's setting, which the same environment may have; ignored.
    #[serde(default, rename = "close_before_event")]
    _events: IgnoredAny,
}

impl SalesSettings {
    /// The policy for the inventory.
    ///
    /// # Errors
    /// The duration is out of range.
    pub fn policy(&self) -> Result<SalesPolicy, jiff::Error> {
        let close_before_start = self
            .close_before_departure
            .map(SignedDuration::try_from)
            .transpose()?;
        Ok(SalesPolicy { close_before_start })
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchSettings {
    /// Minimum time between two flights of an itinerary.
    #[serde(with = "humantime_serde")]
    pub connection_min: Duration,
    /// Maximum time between two flights.
    #[serde(with = "humantime_serde")]
    pub connection_max: Duration,
    /// Size of the candidate cache, in bytes.
    pub cache_bytes: u64,
    /// Lifetime of cached candidates.
    #[serde(with = "humantime_serde")]
    pub cache_lifetime: Duration,
    /// Size of the cache of whole answers, in bytes.
    pub page_cache_bytes: u64,
    /// Whether replicas share candidates through Redis.
    pub redis_cache: bool,
    /// Time limit of a call to that cache.
    #[serde(with = "humantime_serde")]
    pub redis_timeout: Duration,
}

/// How the schedule in memory follows the database.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSettings {
    /// Interval of polling for changes.
    #[serde(with = "humantime_serde")]
    pub poll_interval: Duration,
}

/// Time limits of the inventory.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InventorySettings {
    /// Longest wait of a command for its commit.
    #[serde(with = "humantime_serde")]
    pub commit_timeout: Duration,
    /// Time limit of a ledger proof.
    #[serde(with = "humantime_serde")]
    pub proof_timeout: Duration,
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
