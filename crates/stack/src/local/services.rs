//! The three services: their binaries, databases and environment.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use nix::sys::signal::Signal;
use stack::child::{Child, Launch, Lifetime};
use stack::state::{BOOKINGS_DATABASE, FLIGHTS_DATABASE, PAYMENTS_DATABASE};

use super::settings::Settings;
use crate::commands::mint_key;
use tokens::Signer;

/// One of the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    Payment,
    Flight,
    Booking,
}

/// In the order in which they are started: booking-service calls the other two.
pub const SERVICES: [Service; 3] = [Service::Payment, Service::Flight, Service::Booking];

/// A setting in which the local stack differs from a deployment, unless its variable is set.
pub struct LocalSetting {
    variable: &'static str,
    value: &'static str,
    readers: &'static [Service],
    /// What it means, for the banner.
    pub meaning: &'static str,
}

/// See [`LocalSetting`]. The demo's schedule is old, and a first try should succeed.
pub const LOCAL_SETTINGS: [LocalSetting; 11] = [
    LocalSetting {
        variable: "HOLDFAST__AUTH__MODE",
        value: "open",
        readers: &SERVICES,
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
        meaning: "nor do those of events, whenever they begin",
    },
    LocalSetting {
        variable: "HOLDFAST__CUSTOMERS__CANCEL_BEFORE_DEPARTURE",
        value: "never",
        readers: &[Service::Booking],
        meaning: "bookings of flights can be cancelled at any time, even after they have left",
    },
    LocalSetting {
        variable: "HOLDFAST__CUSTOMERS__CANCEL_BEFORE_EVENT",
        value: "never",
        readers: &[Service::Booking],
        meaning: "and tickets to events, even after they have begun",
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
        meaning: "and so may those at one address, so that a load of few users can be tried",
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
    /// Its variable is not set by the user, so this value holds.
    pub fn holds(&self, is_set: impl Fn(&str) -> bool) -> bool {
        !is_set(self.variable)
    }
}

/// Other names for what the stack itself sets: they must not win.
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

/// Where a user may say what tokens are checked and made with.
const KEY_VARIABLES: [&str; 7] = [
    "HOLDFAST__AUTH__SECRET",
    "HOLDFAST__AUTH__SECRET_FILE",
    "HOLDFAST__AUTH__JWKS_FILE",
    "HOLDFAST__AUTH__JWKS_URL",
    "HOLDFAST__AUTH__JWKS",
    SIGNING_KEY,
    SIGNING_KEY_FILE,
];
const SIGNING_KEY: &str = "HOLDFAST__AUTH__SIGNING_KEY";
const SIGNING_KEY_FILE: &str = "HOLDFAST__AUTH__SIGNING_KEY_FILE";
const JWKS: &str = "HOLDFAST__AUTH__JWKS";

/// The keys of a stack that asks who calls, unless the user brings some: the private one is booking-service's alone.
pub struct Keys {
    /// What booking-service makes tokens with.
    private: Option<PathBuf>,
    /// What all check tokens with, as text.
    public: Option<String>,
}

impl Keys {
    /// None where nobody is asked; the user's, or else those in the state directory.
    pub fn of(settings: &Settings) -> anyhow::Result<Self> {
        let value = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let is_required = value("HOLDFAST__AUTH__MODE").is_some_and(|mode| mode == "required");
        if !is_required {
            return Ok(Self {
                private: None,
                public: None,
            });
        }
        if !KEY_VARIABLES.iter().any(|name| is_set(name)) {
            let (private, public) = mint_key::ensure(&settings.state_directory)?;
            let public = fs::read_to_string(&public)
                .with_context(|| format!("{} can't be read", public.display()))?;
            return Ok(Self {
                private: Some(private),
                public: Some(public),
            });
        }
        // The others are not given the user's private key, but what belongs to it.
        let private = match (value(SIGNING_KEY), value(SIGNING_KEY_FILE)) {
            (Some(key), _) => Some(key),
            (None, Some(path)) => {
                let key = fs::read_to_string(&path);
                Some(key.with_context(|| format!("{path}, {SIGNING_KEY_FILE}, can't be read"))?)
            }
            (None, None) => None,
        };
        let public = match private.filter(|_| !is_set(JWKS)) {
            Some(key) => Signer::from_pem(key.as_bytes())?.public_jwks(),
            None => None,
        };
        Ok(Self {
            private: None,
            public,
        })
    }
}

/// The addresses that a service is given.
pub struct Addresses {
    /// Its own database.
    pub database_url: String,
    /// Redis.
    pub redis_url: String,
}

impl Service {
    /// The binary's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Payment => "payment-service",
            Self::Flight => "flight-service",
            Self::Booking => "booking-service",
        }
    }

    /// Its database's name.
    pub fn database(self) -> &'static str {
        match self {
            Self::Payment => PAYMENTS_DATABASE,
            Self::Flight => FLIGHTS_DATABASE,
            Self::Booking => BOOKINGS_DATABASE,
        }
    }

    /// Its port on 127.0.0.1.
    pub fn port(self, settings: &Settings) -> u16 {
        match self {
            Self::Payment => settings.payment_port,
            Self::Flight => settings.flight_port,
            Self::Booking => settings.booking_port,
        }
    }

    /// Its binary, which lies beside this one.
    pub fn program(self) -> anyhow::Result<PathBuf> {
        let here = std::env::current_exe()?;
        let program = here.with_file_name(self.name());
        if !program.is_file() {
            bail!(
                "{} does not exist: build it (`cargo build --release --bins`)",
                program.display()
            );
        }
        Ok(program)
    }

    /// Starts it.
    pub fn start(
        self,
        settings: &Settings,
        addresses: &Addresses,
        keys: &Keys,
        log: &Path,
    ) -> anyhow::Result<Child> {
        let mut environment = self.environment(settings, addresses, is_set);
        environment.extend(self.keys(keys));
        let child = Launch {
            program: &self.program()?,
            arguments: Vec::new(),
            environment,
            hidden_environment: &self.hidden_environment(),
            account: None,
            working_directory: Path::new("."),
            log,
            last_signal: Signal::SIGTERM,
            lifetime: &Lifetime::Kept,
        }
        .start()?;
        Ok(child)
    }

    /// The variables with its keys.
    fn keys(self, keys: &Keys) -> Vec<(String, String)> {
        let private = keys.private.as_ref().filter(|_| self == Self::Booking);
        let private = private.map(|path| (SIGNING_KEY_FILE, path.display().to_string()));
        let public = keys.public.clone().map(|set| (JWKS, set));
        let variables = private.into_iter().chain(public);
        variables
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// The user's variables that it does not see: other names for what the stack itself sets, and where another
    /// service makes the tokens, what they are made with.
    fn hidden_environment(self) -> Vec<&'static str> {
        let mut hidden = HIDDEN_ENVIRONMENT.to_vec();
        if self != Self::Booking {
            hidden.extend([SIGNING_KEY, SIGNING_KEY_FILE]);
        }
        hidden
    }

    /// The variables that it is started with, in addition to the user's.
    pub fn environment(
        self,
        settings: &Settings,
        addresses: &Addresses,
        is_set: impl Fn(&str) -> bool,
    ) -> Vec<(String, String)> {
        let service_url = |service: Self| format!("http://127.0.0.1:{}", service.port(settings));
        let mut environment = vec![
            ("HOLDFAST__HTTP__HOST", "127.0.0.1".to_owned()),
            ("PORT", self.port(settings).to_string()),
            ("DATABASE_URL", addresses.database_url.clone()),
            ("REDIS_URL", addresses.redis_url.clone()),
            ("FLIGHT_SERVICE_URL", service_url(Self::Flight)),
            ("PAYMENT_SERVICE_URL", service_url(Self::Payment)),
            // The output goes to a file.
            ("NO_COLOR", "1".to_owned()),
        ];
        for setting in &LOCAL_SETTINGS {
            if setting.readers.contains(&self) && setting.holds(&is_set) {
                environment.push((setting.variable, setting.value.to_owned()));
            }
        }
        environment
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}

/// The user has set this variable.
pub fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::settings::Place;

    #[test]
    fn a_service_is_told_where_everything_is() {
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
            service.environment(&settings, &addresses, |name| name == set)
        };
        let has = |environment: &[(String, String)], name: &str, value: &str| {
            environment.contains(&(name.to_owned(), value.to_owned()))
        };

        let booking = environment(Service::Booking, "");
        assert!(has(&booking, "PORT", "2"));
        assert!(has(&booking, "DATABASE_URL", "postgres://x"));
        assert!(has(&booking, "FLIGHT_SERVICE_URL", "http://127.0.0.1:1"));
        assert!(has(&booking, "PAYMENT_SERVICE_URL", "http://127.0.0.1:3"));

        let keys = Keys {
            private: Some("private.pem".into()),
            public: Some("{}".to_owned()),
        };
        let named = |service: Service| {
            let keys = service.keys(&keys).into_iter();
            keys.map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(named(Service::Booking), [SIGNING_KEY_FILE, JWKS]);
        for other in [Service::Flight, Service::Payment] {
            assert_eq!(named(other), [JWKS]);
            assert!(other.hidden_environment().contains(&SIGNING_KEY_FILE));
            assert!(other.hidden_environment().contains(&SIGNING_KEY));
        }

        let rate = "HOLDFAST__MOCK__FAILURE_RATE";
        assert!(has(&environment(Service::Payment, ""), rate, "0"));
        let told_otherwise = environment(Service::Payment, rate);
        assert!(!told_otherwise.iter().any(|(name, _)| name == rate));
    }
}
