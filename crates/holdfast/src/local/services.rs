//! The three services of the local stack: their settings and environment.

use std::path::Path;

use local_servers::child::{Child, Launch, Lifetime};
use local_servers::service::Service;
use nix::sys::signal::Signal;

use super::environment::is_set;
use super::keys::{Keys, SIGNING_KEY, SIGNING_KEY_FILE};
use super::settings::Settings;

/// A setting of the local stack that differs from a deployment, unless the user sets the variable.
pub struct LocalSetting {
    variable: &'static str,
    value: &'static str,
    readers: &'static [Service],
    /// Shown in the banner.
    pub meaning: &'static str,
}

/// The demo's schedule is old, and a first try should succeed.
pub const LOCAL_SETTINGS: [LocalSetting; 11] = [
    LocalSetting {
        variable: "HOLDFAST__AUTH__MODE",
        value: "open",
        readers: &Service::ALL,
        meaning: "every caller is trusted (auth is open), on 127.0.0.1 only",
    },
    LocalSetting {
        variable: "HOLDFAST__ACCOUNTS__SECURE_COOKIE",
        value: "false",
        readers: &[Service::Booking],
        meaning: "browsers may send session cookies over plain HTTP",
    },
    LocalSetting {
        variable: "HOLDFAST__SALES__CLOSE_BEFORE_DEPARTURE",
        value: "never",
        readers: &[Service::Flight],
        meaning: "sales never close, so that the demo's old flights can be booked",
    },
    LocalSetting {
        variable: "HOLDFAST__SALES__CLOSE_BEFORE_EVENT",
        value: "never",
        readers: &[Service::Booking],
        meaning: "event sales never close either",
    },
    LocalSetting {
        variable: "HOLDFAST__CUSTOMERS__CANCEL_BEFORE_DEPARTURE",
        value: "never",
        readers: &[Service::Booking],
        meaning: "flight bookings can be cancelled at any time, even after departure",
    },
    LocalSetting {
        variable: "HOLDFAST__CUSTOMERS__CANCEL_BEFORE_EVENT",
        value: "never",
        readers: &[Service::Booking],
        meaning: "event tickets can be cancelled at any time, even after the start",
    },
    LocalSetting {
        variable: "HOLDFAST__CUSTOMERS__SEATS_PER_ORDER",
        value: "0",
        readers: &[Service::Booking],
        meaning: "an order may have any number of seats or tickets",
    },
    LocalSetting {
        variable: "HOLDFAST__CUSTOMERS__UNPAID_ORDERS_PER_USER",
        value: "0",
        readers: &[Service::Booking],
        meaning: "a user may hold any number of unpaid orders",
    },
    LocalSetting {
        variable: "HOLDFAST__CUSTOMERS__UNPAID_ORDERS_PER_ADDRESS",
        value: "0",
        readers: &[Service::Booking],
        meaning: "so may all users of one address, so that a load test needs few users",
    },
    LocalSetting {
        variable: "HOLDFAST__MOCK__FAILURE_RATE",
        value: "0",
        readers: &[Service::Payment],
        meaning: "the mock payment provider declines nothing",
    },
    LocalSetting {
        variable: "HOLDFAST__MOCK__TIMEOUT_RATE",
        value: "0",
        readers: &[Service::Payment],
        meaning: "the mock payment provider never times out",
    },
];

impl LocalSetting {
    /// Whether it applies because the user does not set the variable.
    pub fn holds(&self, is_set: impl Fn(&str) -> bool) -> bool {
        !is_set(self.variable)
    }
}

/// Aliases of variables that the stack sets: they must not win.
pub const HIDDEN_ENVIRONMENT: [&str; 13] = [
    "HOLDFAST__HTTP__HOST",
    "HOLDFAST__HTTP__PORT",
    "HOLDFAST__DATABASE__URL",
    "HOLDFAST__REDIS__URL",
    "HOLDFAST__FLIGHTS__URL",
    "HOLDFAST__PAYMENTS__URL",
    "DB_HOST",
    "DB_PORT",
    "DB_NAME",
    "DB_USER",
    "DB_PASSWORD",
    "REDIS_HOST",
    "REDIS_PORT",
];

/// The servers' addresses for one service.
pub struct Addresses {
    /// URL of the service's own database.
    pub database_url: String,
    pub redis_url: String,
}

pub fn start(
    service: Service,
    settings: &Settings,
    addresses: &Addresses,
    keys: &Keys,
    log: &Path,
) -> anyhow::Result<Child> {
    let mut environment = self::environment(service, settings, addresses, is_set);
    environment.extend(keys.environment(service));
    let child = Launch {
        program: &service.program()?,
        arguments: Vec::new(),
        environment,
        hidden_environment: &hidden_environment(service),
        account: None,
        working_directory: Path::new("."),
        log,
        last_signal: Signal::SIGTERM,
        lifetime: &Lifetime::Kept,
    }
    .start()?;
    Ok(child)
}

/// The user's variables that are hidden from a service: aliases of variables that the stack sets, and the
/// signing keys, except from the service that signs.
fn hidden_environment(service: Service) -> Vec<&'static str> {
    let mut hidden = HIDDEN_ENVIRONMENT.to_vec();
    if service != Service::Booking {
        hidden.extend([SIGNING_KEY, SIGNING_KEY_FILE]);
    }
    hidden
}

/// The variables of a service, in addition to the user's.
pub fn environment(
    service: Service,
    settings: &Settings,
    addresses: &Addresses,
    is_set: impl Fn(&str) -> bool,
) -> Vec<(String, String)> {
    let url = |service| format!("http://127.0.0.1:{}", settings.port(service));
    let mut environment = vec![
        ("HOLDFAST__HTTP__HOST", "127.0.0.1".to_owned()),
        ("PORT", settings.port(service).to_string()),
        ("DATABASE_URL", addresses.database_url.clone()),
        ("REDIS_URL", addresses.redis_url.clone()),
        ("FLIGHT_SERVICE_URL", url(Service::Flight)),
        ("PAYMENT_SERVICE_URL", url(Service::Payment)),
        // The output goes to a file.
        ("NO_COLOR", "1".to_owned()),
    ];
    for setting in &LOCAL_SETTINGS {
        if setting.readers.contains(&service) && setting.holds(&is_set) {
            environment.push((setting.variable, setting.value.to_owned()));
        }
    }
    environment
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::settings::Place;

    #[test]
    fn a_service_gets_all_addresses() {
        let settings = Settings {
            state_directory: ".holdfast".into(),
            flight_port: 1,
            booking_port: 2,
            payment_port: 3,
            postgres: Place::Private(4),
            redis: Place::Private(5),
        };
        let addresses = Addresses {
            database_url: "postgres://x".to_owned(),
            redis_url: "redis://y".to_owned(),
        };
        let environment = |service: Service, set: &'static str| {
            super::environment(service, &settings, &addresses, |name| name == set)
        };
        let has = |environment: &[(String, String)], name: &str, value: &str| {
            environment.contains(&(name.to_owned(), value.to_owned()))
        };

        let booking = environment(Service::Booking, "");
        assert!(has(&booking, "PORT", "2"));
        assert!(has(&booking, "DATABASE_URL", "postgres://x"));
        assert!(has(&booking, "FLIGHT_SERVICE_URL", "http://127.0.0.1:1"));
        assert!(has(&booking, "PAYMENT_SERVICE_URL", "http://127.0.0.1:3"));

        for other in [Service::Flight, Service::Payment] {
            assert!(hidden_environment(other).contains(&SIGNING_KEY_FILE));
            assert!(hidden_environment(other).contains(&SIGNING_KEY));
        }

        let rate = "HOLDFAST__MOCK__FAILURE_RATE";
        assert!(has(&environment(Service::Payment, ""), rate, "0"));
        let told_otherwise = environment(Service::Payment, rate);
        assert!(!told_otherwise.iter().any(|(name, _)| name == rate));
    }
}
