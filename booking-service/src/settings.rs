//! The service's settings; `settings.default.toml` explains each.

use std::path::Path;
use std::time::Duration;

use domain::sale_rules::Cutoff;
use domain::sale_rules::holding::HoldingLimits;
use inventory::decide::SalesPolicy;
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

/// The defaults, embedded in the binary.
pub const DEFAULTS: &str = include_str!("settings.default.toml");

/// Leases are renewed each second: one that is shorter than two could run out in between.
const LEASE_MIN: Duration = Duration::from_secs(2);

/// All settings of booking-service.
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
    /// The bookings database.
    pub database: DatabaseSettings,
    /// Its logs.
    pub log: LogSettings,
    /// flight-service.
    pub flights: ServiceSettings,
    /// payment-service.
    pub payments: ServiceSettings,
    /// Where bookings are kept for those who look at them.
    pub redis: RedisSettings,
    /// How bookings are worked on.
    pub bookings: BookingSettings,
    /// How tickets to events are paid.
    pub events: EventSettings,
    /// How users log in.
    pub accounts: AccountSettings,
    /// When tickets are sold.
    pub sales: SalesSettings,
    /// What customers may do.
    pub customers: CustomerSettings,
    /// How tickets are counted.
    pub inventory: InventorySettings,
}

/// What binds customers; staff are free.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerSettings {
    /// Seats of one order on a flight, tickets of one booking; 0: any number.
    pub seats_per_order: u32,
    /// Orders that one user holds without having paid; 0: any number.
    pub unpaid_orders_per_user: u32,
    /// The same from one address; 0: any number.
    pub unpaid_orders_per_address: u32,
    /// Until how long before departure they cancel what is confirmed; `None` where it is `never`.
    #[serde(deserialize_with = "duration_or_never")]
    pub cancel_before_departure: Option<Duration>,
    /// Until how long before an event; `None` where it is `never`.
    #[serde(deserialize_with = "duration_or_never")]
    pub cancel_before_event: Option<Duration>,
    /// Whether they may buy what is never paid.
    pub buy_without_paying: bool,
}

impl CustomerSettings {
    /// Nothing binds anybody, but for what is never paid: for tests and demonstrations.
    pub const FREE: Self = Self {
        seats_per_order: 0,
        unpaid_orders_per_user: 0,
        unpaid_orders_per_address: 0,
        cancel_before_departure: None,
        cancel_before_event: None,
        buy_without_paying: false,
    };

    /// How much they may hold.
    #[must_use]
    pub fn holding_limits(&self) -> HoldingLimits {
        let limit = |most: u32| (most > 0).then_some(most);
        HoldingLimits {
            units_per_order: limit(self.seats_per_order),
            unpaid_orders_per_user: limit(self.unpaid_orders_per_user),
            unpaid_orders_per_address: limit(self.unpaid_orders_per_address),
        }
    }

    /// Until when they may cancel.
    ///
    /// # Errors
    /// When a time is longer than can be counted.
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

/// When tickets are sold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SalesSettings {
    /// How long before an event its sales close; `None` where it is `never`.
    #[serde(deserialize_with = "duration_or_never")]
    pub close_before_event: Option<Duration>,
    /// flight-service's, which may be in the same environment: not read.
    #[serde(default, rename = "close_before_departure")]
    _flights: IgnoredAny,
}

impl SalesSettings {
    /// The same for the inventory.
    ///
    /// # Errors
    /// When the time is longer than can be counted.
    pub fn policy(&self) -> Result<SalesPolicy, jiff::Error> {
        let close_before_start = self
            .close_before_event
            .map(SignedDuration::try_from)
            .transpose()?;
        Ok(SalesPolicy { close_before_start })
    }
}

/// How tickets to events are paid.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventSettings {
    /// How long the customer of a booking has to pay.
    #[serde(deserialize_with = "duration_or_minutes")]
    pub payment_deadline: Duration,
    /// How many payment jobs that a worker was told of are done at once.
    pub job_concurrency: usize,
}

/// A number is one of minutes, as deployers write it.
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

/// How tickets are counted.
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

/// Another service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceSettings {
    /// Where it is.
    #[serde(deserialize_with = "from_text")]
    pub url: Url,
    /// The `aud` of the tokens that it is shown: its own `auth.audience`.
    pub audience: String,
    /// How long one call may take.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
}

/// How bookings are worked on.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookingSettings {
    /// After it nothing new is begun for a booking by count that is still pending.
    #[serde(with = "humantime_serde")]
    pub deadline: Duration,
    /// How long an order's chosen seats are held.
    #[serde(with = "humantime_serde")]
    pub hold_ttl: Duration,
    /// How long with all changes of its seats.
    #[serde(with = "humantime_serde")]
    pub reservation_max: Duration,
    /// How much longer they stay held than the order says, for clocks that differ.
    #[serde(with = "humantime_serde")]
    pub hold_margin: Duration,
    /// How many attempts an order has to be paid.
    pub payment_attempts: u8,
    /// How many payments of an order may be made on its page, where the customer is there and pays in another way
    /// after a decline.
    pub page_payment_attempts: u8,
    /// The pause before the second attempt; it doubles before each further one.
    #[serde(with = "humantime_serde")]
    pub payment_pause: Duration,
    /// How long a paid booking's sale is waited for before the booking is confirmed without it.
    #[serde(with = "humantime_serde")]
    pub confirm_timeout: Duration,
    /// How long a booking belongs to whoever works on it; it is renewed each second.
    #[serde(with = "humantime_serde")]
    pub lease: Duration,
    /// How often work that nobody does is looked for.
    #[serde(with = "humantime_serde")]
    pub poll_interval: Duration,
    /// How many bookings are taken over at once.
    pub worker_concurrency: usize,
}

/// How users log in.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountSettings {
    /// How long a session lasts.
    #[serde(with = "humantime_serde")]
    pub session_lifetime: Duration,
    /// How long a token that a session gives holds.
    #[serde(with = "humantime_serde")]
    pub token_lifetime: Duration,
    /// Whether browsers send the session's cookie over HTTPS only.
    pub secure_cookie: bool,
    /// How many passwords are hashed or compared at once.
    pub hash_concurrency: usize,
    /// How many failures at one account a browser, or an address, has within the window, until an attempt succeeds.
    pub attempts_per_account: u32,
    /// How many failures an account has within the window from all addresses, before only browsers that it knows are
    /// let in.
    pub attempts_per_account_everywhere: u32,
    /// How many failures an address has within the window before it is left one attempt at each account; also how
    /// many users may sign up from there.
    pub attempts_per_address: u32,
    /// From the first failure on.
    #[serde(with = "humantime_serde")]
    pub attempts_window: Duration,
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
