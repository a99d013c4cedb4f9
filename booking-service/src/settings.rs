//! Settings; `settings.default.toml` explains each.

use std::path::Path;
use std::time::Duration;

use domain::sale_rules::Cutoff;
use domain::sale_rules::SalesPolicy;
use domain::sale_rules::holding::HoldingLimits;
use jiff::SignedDuration;
use reqwest::Url;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use service_core::settings::LimitSettings;
use service_core::settings::StreamSettings;
use service_core::settings::{
    AuthSettings, DatabaseSettings, HttpSettings, LogSettings, RedisSettings, SettingsError,
    Validate, duration_or_never, load, require,
};
use service_http::extract::from_text;

use crate::app::bookings::by_count::Cutoffs;

pub const DEFAULTS: &str = include_str!("settings.default.toml");

/// Leases are renewed every second; one below two seconds could expire in between.
const LEASE_MIN: Duration = Duration::from_secs(2);

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub http: HttpSettings,
    pub auth: AuthSettings,
    pub limits: LimitSettings,
    pub streams: StreamSettings,
    pub database: DatabaseSettings,
    pub log: LogSettings,
    pub flights: ServiceSettings,
    pub payments: ServiceSettings,
    pub redis: RedisSettings,
    pub bookings: BookingSettings,
    pub events: EventSettings,
    pub accounts: AccountSettings,
    pub sales: SalesSettings,
    pub customers: CustomerSettings,
    pub inventory: InventorySettings,
}

/// Limits of customers; staff have none.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerSettings {
    /// Seats on a flight or tickets of a booking; 0: no limit.
    pub seats_per_order: u32,
    /// 0: no limit.
    pub unpaid_orders_per_user: u32,
    /// 0: no limit.
    pub unpaid_orders_per_address: u32,
    /// `None`: always, set by `never`.
    #[serde(deserialize_with = "duration_or_never")]
    pub cancel_before_departure: Option<Duration>,
    /// `None`: always, set by `never`.
    #[serde(deserialize_with = "duration_or_never")]
    pub cancel_before_event: Option<Duration>,
    /// Purchases and simple orders.
    pub buy_without_paying: bool,
}

impl CustomerSettings {
    /// No limits, except that customers may not buy without paying: for tests and demonstrations.
    pub const FREE: Self = Self {
        seats_per_order: 0,
        unpaid_orders_per_user: 0,
        unpaid_orders_per_address: 0,
        cancel_before_departure: None,
        cancel_before_event: None,
        buy_without_paying: false,
    };

    #[must_use]
    pub fn holding_limits(&self) -> HoldingLimits {
        let limit = |most: u32| (most > 0).then_some(most);
        HoldingLimits {
            units_per_order: limit(self.seats_per_order),
            unpaid_orders_per_user: limit(self.unpaid_orders_per_user),
            unpaid_orders_per_address: limit(self.unpaid_orders_per_address),
        }
    }

    /// Fails if a duration exceeds the range of [`SignedDuration`].
    pub fn cutoffs(&self) -> Result<Cutoffs, jiff::Error> {
        let cutoff = |time: Option<Duration>| {
            let before_start = time.map(SignedDuration::try_from).transpose()?;
            Ok::<_, jiff::Error>(Cutoff { before_start })
        };
        Ok(Cutoffs {
            flights: cutoff(self.cancel_before_departure)?,
            events: cutoff(self.cancel_before_event)?,
        })
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SalesSettings {
    /// `None`: sales do not close, set by `never`.
    #[serde(deserialize_with = "duration_or_never")]
    pub close_before_event: Option<Duration>,
    /// flight-service's setting, ignored here because both services may share an environment.
    #[serde(default, rename = "close_before_departure")]
    _flights: IgnoredAny,
}

impl SalesSettings {
    /// Fails if the duration exceeds the range of [`SignedDuration`].
    pub fn policy(&self) -> Result<SalesPolicy, jiff::Error> {
        let close_before_start = self
            .close_before_event
            .map(SignedDuration::try_from)
            .transpose()?;
        Ok(SalesPolicy { close_before_start })
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventSettings {
    #[serde(deserialize_with = "duration_or_minutes")]
    pub payment_deadline: Duration,
    /// Concurrent payment jobs of a worker.
    pub job_concurrency: usize,
}

/// A bare number is in minutes, because deployers write it so.
fn duration_or_minutes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Minutes(u32),
        Text(String),
    }
    let minutes = |minutes: u32| Duration::from_secs(u64::from(minutes) * 60);
    match Written::deserialize(deserializer)? {
        Written::Minutes(count) => Ok(minutes(count)),
        Written::Text(text) => match text.parse() {
            Ok(count) => Ok(minutes(count)),
            Err(_) => humantime_serde::re::humantime::parse_duration(&text)
                .map_err(serde::de::Error::custom),
        },
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InventorySettings {
    /// Time limit of a command, commit included.
    #[serde(with = "humantime_serde")]
    pub commit_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub proof_timeout: Duration,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceSettings {
    #[serde(deserialize_with = "from_text")]
    pub url: Url,
    /// The `aud` of tokens sent to it: its own `auth.audience`.
    pub audience: String,
    /// Per call.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookingSettings {
    /// A booking by count that is still pending then starts nothing new.
    #[serde(with = "humantime_serde")]
    pub deadline: Duration,
    /// How long an order's chosen seats are held.
    #[serde(with = "humantime_serde")]
    pub hold_ttl: Duration,
    /// The same, including all seat changes.
    #[serde(with = "humantime_serde")]
    pub hold_ttl_max: Duration,
    /// Seats stay held this much longer, for clocks that differ.
    #[serde(with = "humantime_serde")]
    pub hold_margin: Duration,
    /// Automatic payment attempts of an order.
    pub payment_attempts: u8,
    /// Payments of an order on its page, where the customer may pay in another way after a decline.
    pub page_payment_attempts: u8,
    /// Backoff before the second attempt; it doubles before each further one.
    #[serde(with = "humantime_serde")]
    pub payment_pause: Duration,
    /// How long to wait for a paid booking's sale before confirming it with its seats only pinned.
    #[serde(with = "humantime_serde")]
    pub confirm_timeout: Duration,
    /// Renewed every second.
    #[serde(with = "humantime_serde")]
    pub lease: Duration,
    /// How often due bookings are claimed.
    #[serde(with = "humantime_serde")]
    pub poll_interval: Duration,
    /// Claimed bookings processed concurrently.
    pub worker_concurrency: usize,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountSettings {
    #[serde(with = "humantime_serde")]
    pub session_lifetime: Duration,
    /// Of the bearer tokens that a session issues.
    #[serde(with = "humantime_serde")]
    pub token_lifetime: Duration,
    /// Whether browsers send the session cookie over HTTPS only.
    pub secure_cookie: bool,
    /// Passwords hashed or compared concurrently.
    pub hash_concurrency: usize,
    /// Failures per account and browser or address within the window, reset by a success.
    pub attempts_per_account: u32,
    /// Failures per account from all addresses within the window; then only known browsers may log in.
    pub attempts_per_account_everywhere: u32,
    /// Failures per address within the window; then one attempt per account. Also the limit of sign-ups.
    pub attempts_per_address: u32,
    /// Counted from the first failure.
    #[serde(with = "humantime_serde")]
    pub attempts_window: Duration,
}

impl Settings {
    /// Loads the defaults, then the file, then the environment. Fails if a setting is unknown, malformed or
    /// invalid.
    pub fn load(file: Option<&Path>) -> Result<Self, SettingsError> {
        let aliases = [
            ("FLIGHT_SERVICE_URL", "flights.url"),
            ("PAYMENT_SERVICE_URL", "payments.url"),
            ("PAYMENT_TIMEOUT", "payments.timeout"),
            ("RESERVATION_TIMEOUT", "bookings.hold_ttl"),
            ("MAX_PAYMENT_RETRIES", "bookings.payment_attempts"),
            ("PAYMENT_DEADLINE", "events.payment_deadline"),
        ];
        load(DEFAULTS, file, &aliases)
    }
}

impl Validate for Settings {
    fn validate(&self) -> Result<(), SettingsError> {
        self.http.validate()?;
        self.limits.validate()?;
        self.streams.validate()?;
        self.database.validate()?;
        self.redis.validate()?;
        let (payments, bookings) = (&self.payments, &self.bookings);
        require(
            payments.timeout < self.http.request_timeout,
            "payments.timeout",
            "must be below http.request_timeout, or no caller would learn of a late charge",
        )?;
        require(
            bookings.lease >= LEASE_MIN,
            "bookings.lease",
            "must be at least 2s, or running work would be taken over",
        )?;
        require(
            (1..=10).contains(&bookings.payment_attempts),
            "bookings.payment_attempts",
            "must be from 1 to 10",
        )?;
        require(
            (1..=100).contains(&bookings.page_payment_attempts),
            "bookings.page_payment_attempts",
            "must be from 1 to 100",
        )?;
        require(
            bookings.confirm_timeout < self.http.request_timeout,
            "bookings.confirm_timeout",
            "must be below http.request_timeout",
        )?;
        require(
            (1..=256).contains(&bookings.worker_concurrency),
            "bookings.worker_concurrency",
            "must be from 1 to 256",
        )?;
        require(
            !bookings.poll_interval.is_zero(),
            "bookings.poll_interval",
            "must be above zero",
        )?;
        require(
            !self.events.payment_deadline.is_zero(),
            "events.payment_deadline",
            "must be above zero",
        )?;
        require(
            (1..=1024).contains(&self.events.job_concurrency),
            "events.job_concurrency",
            "must be from 1 to 1024",
        )?;
        require(
            !self.accounts.session_lifetime.is_zero(),
            "accounts.session_lifetime",
            "must be above zero",
        )?;
        require(
            (1..=64).contains(&self.accounts.hash_concurrency),
            "accounts.hash_concurrency",
            "must be from 1 to 64",
        )?;
        require(
            self.accounts.attempts_per_account_everywhere >= self.accounts.attempts_per_account,
            "accounts.attempts_per_account_everywhere",
            "must be at least accounts.attempts_per_account",
        )?;
        require(
            !self.accounts.attempts_window.is_zero(),
            "accounts.attempts_window",
            "must be above zero",
        )?;
        require(
            self.sales.policy().is_ok(),
            "sales.close_before_event",
            "is too long",
        )?;
        require(
            self.customers.cutoffs().is_ok(),
            "customers.cancel_before_departure",
            "or customers.cancel_before_event is too long",
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
        assert_eq!(settings.payments.timeout, Duration::from_secs(10));
    }

    #[test]
    fn a_lease_that_can_not_be_renewed_in_time_is_refused() {
        let mut settings = Settings::load(None).unwrap();
        settings.bookings.lease = Duration::from_millis(1999);
        let error = settings.validate().unwrap_err().to_string();
        assert!(error.starts_with("bookings.lease"), "{error}");
    }
}
