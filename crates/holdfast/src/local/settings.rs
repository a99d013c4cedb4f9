//! The `HOLDFAST_` variables: directory, ports and servers of the stack. The services' own variables,
//! `HOLDFAST__SECTION__KEY`, pass through.

use std::path::PathBuf;

use anyhow::{Context, bail};
use local_servers::service::Service;

/// Directory, ports and servers of the stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Data, logs and state.
    pub state_directory: PathBuf,
    pub flight_port: u16,
    pub booking_port: u16,
    pub payment_port: u16,
    pub postgres: Place,
    pub redis: Place,
}

/// A private server, or an existing one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A private server on this port.
    Private(u16),
    /// An existing server, by its URL.
    Existing(String),
}

/// The variables' names, also for messages.
pub const STATE_DIRECTORY: &str = "HOLDFAST_STATE_DIR";
pub const FLIGHT_PORT: &str = "HOLDFAST_FLIGHT_PORT";
pub const BOOKING_PORT: &str = "HOLDFAST_BOOKING_PORT";
pub const PAYMENT_PORT: &str = "HOLDFAST_PAYMENT_PORT";
pub const POSTGRES_PORT: &str = "HOLDFAST_POSTGRES_PORT";
pub const REDIS_PORT: &str = "HOLDFAST_REDIS_PORT";
pub const POSTGRES_URL: &str = "HOLDFAST_POSTGRES_URL";
pub const REDIS_URL: &str = "HOLDFAST_REDIS_URL";

impl Settings {
    /// A service's port on 127.0.0.1.
    pub fn port(&self, service: Service) -> u16 {
        match service {
            Service::Flight => self.flight_port,
            Service::Booking => self.booking_port,
            Service::Payment => self.payment_port,
        }
    }

    pub fn from_environment() -> anyhow::Result<Self> {
        Self::read(|name| std::env::var(name).ok())
    }

    fn read(variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        // `NAME= make run` counts as unset.
        let variable = |name| variable(name).filter(|value| !value.is_empty());
        let port = |name, default| match variable(name) {
            None => Ok(default),
            Some(text) => parse_port(name, &text),
        };
        let postgres = match variable(POSTGRES_URL) {
            None => Place::Private(port(POSTGRES_PORT, 15432)?),
            Some(url) => {
                // The URL may hold a password, so the message does not repeat it.
                url.parse::<tokio_postgres::Config>()
                    .ok()
                    .filter(|_| url.contains("://"))
                    .with_context(|| {
                        format!("{POSTGRES_URL} is not like postgres://user:password@host:5432")
                    })?;
                Place::Existing(url)
            }
        };
        let redis = match variable(REDIS_URL) {
            None => Place::Private(port(REDIS_PORT, 16379)?),
            Some(url) => {
                redis_address(&url)
                    .with_context(|| format!("{REDIS_URL} is not like redis://host:6379"))?;
                Place::Existing(url)
            }
        };
        let settings = Self {
            state_directory: variable(STATE_DIRECTORY).map_or(".holdfast".into(), PathBuf::from),
            flight_port: port(FLIGHT_PORT, 8080)?,
            booking_port: port(BOOKING_PORT, 8081)?,
            payment_port: port(PAYMENT_PORT, 8082)?,
            postgres,
            redis,
        };
        settings.check_distinct()?;
        Ok(settings)
    }

    /// Every port that the stack listens on: part, port and variable.
    pub fn ports(&self) -> Vec<(&'static str, u16, &'static str)> {
        let mut ports = vec![
            ("flight-service", self.flight_port, FLIGHT_PORT),
            ("booking-service", self.booking_port, BOOKING_PORT),
            ("payment-service", self.payment_port, PAYMENT_PORT),
        ];
        if let Place::Private(port) = self.postgres {
            ports.push(("PostgreSQL", port, POSTGRES_PORT));
        }
        if let Place::Private(port) = self.redis {
            ports.push(("Redis", port, REDIS_PORT));
        }
        ports
    }

    fn check_distinct(&self) -> anyhow::Result<()> {
        let ports = self.ports();
        for (index, (_, port, variable)) in ports.iter().enumerate() {
            if let Some((_, _, other)) = ports[..index].iter().find(|other| other.1 == *port) {
                bail!("{variable} and {other} are both {port}: each needs a port of its own");
            }
        }
        Ok(())
    }
}

fn parse_port(name: &str, text: &str) -> anyhow::Result<u16> {
    match text.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => bail!("{name} is `{text}`: a port is a number from 1 to 65535"),
    }
}

/// Host and port of a Redis URL.
pub fn redis_address(url: &str) -> Option<(String, u16)> {
    let rest = url.strip_prefix("redis://")?;
    let authority = rest.split(['/', '?']).next()?;
    let host_and_port = authority.rsplit('@').next()?;
    let (host, port) = match host_and_port.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (host_and_port, 6379),
    };
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
        let value = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Settings::read(value).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn without_variables_everything_is_private() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.state_directory, PathBuf::from(".holdfast"));
        let ports: Vec<u16> = settings.ports().iter().map(|(_, port, _)| *port).collect();
        assert_eq!(ports, [8080, 8081, 8082, 15432, 16379]);
        assert_eq!(read(&[(FLIGHT_PORT, "")]).unwrap(), settings);
    }

    #[test]
    fn a_wrong_value_is_named() {
        for text in ["abc", "0", "65536", "-1", "8080 "] {
            let error = read(&[(FLIGHT_PORT, text)]).unwrap_err();
            assert!(error.contains("HOLDFAST_FLIGHT_PORT"), "{error}");
            assert!(error.contains(text), "{error}");
        }
        for url in [
            "localhost",
            "mysql://h",
            "host=h user=u",
            "postgres://:x@[/",
        ] {
            let error = read(&[(POSTGRES_URL, url)]).unwrap_err();
            assert!(error.contains(POSTGRES_URL), "{error}");
        }
        for url in ["localhost:1", "rediss://h", "redis://", "redis://h:x"] {
            let error = read(&[(REDIS_URL, url)]).unwrap_err();
            assert!(error.contains(REDIS_URL), "{error}");
        }
        let error = read(&[(REDIS_PORT, "8081")]).unwrap_err();
        assert!(error.contains(REDIS_PORT) && error.contains(BOOKING_PORT));
    }

    #[test]
    fn existing_servers_need_no_ports() {
        let settings = read(&[
            (POSTGRES_URL, "postgres://u:p@h:5433/x"),
            (REDIS_URL, "redis://:secret@h:6380/2"),
            (POSTGRES_PORT, "8080"),
        ])
        .unwrap();
        assert_eq!(settings.ports().len(), 3);
        let address = redis_address("redis://:secret@h:6380/2");
        assert_eq!(address, Some(("h".to_owned(), 6380)));
        assert_eq!(redis_address("redis://h"), Some(("h".to_owned(), 6379)));
    }
}
