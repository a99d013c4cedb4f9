//! The command line.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use reconcile::Urls;

use crate::scenario::Scenario;

const FLIGHT_URL: &str = "http://127.0.0.1:8080";
const BOOKING_URL: &str = "http://127.0.0.1:8081";
const PAYMENT_URL: &str = "http://127.0.0.1:8082";

/// Loads the three services, reconciles what was sold, and reports
///
/// Without an address it starts servers of its own, which leave nothing behind. The exit code is 1 if units
/// were oversold or undersold or an invariant is broken, and 2 if there is no verdict.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "stress-test")]
pub struct Arguments {
    /// Run this scenario only; may be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub scenario: Vec<Scenario>,
    /// Requests per second, sent whether or not earlier ones were answered; without it a closed loop is
    /// followed by fixed rates of 50 % and 80 % of what that reached
    #[arg(long, value_name = "PER SECOND", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub rate: Option<u32>,
    /// Seconds that each load is measured
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    pub seconds: f64,
    /// Seconds of load before the measurement
    #[arg(long, value_name = "SECONDS", default_value_t = 0.5)]
    pub warm_up: f64,
    /// Concurrent clients, each with at most one request in flight
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub clients: Option<u16>,
    /// Upper bound of the requests of one load
    #[arg(long, value_name = "COUNT", default_value_t = 5_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub max_requests: u64,
    /// Capacity of the pools that sell out; by default less than the demand
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub tickets: Option<u64>,
    /// Duration of a payment at the mock provider, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=10_000))]
    pub provider_ms: u64,

    /// Load the stack that `make run` or `make start` started; nobody else may use it meanwhile
    #[arg(long, conflicts_with_all = ["flight_url", "booking_url", "payment_url"])]
    pub running: bool,
    /// Address of flight-service, http://127.0.0.1:8080 if another is given; any address means that no
    /// servers are started
    #[arg(long, value_name = "URL")]
    pub flight_url: Option<String>,
    /// Address of booking-service, http://127.0.0.1:8081 if another is given
    #[arg(long, value_name = "URL")]
    pub booking_url: Option<String>,
    /// Address of payment-service, http://127.0.0.1:8082 if another is given
    #[arg(long, value_name = "URL")]
    pub payment_url: Option<String>,
    /// URL of the flights database, to be reconciled too; all three or none
    #[arg(
        long,
        value_name = "URL",
        env = "HOLDFAST_AUDIT_FLIGHTS",
        hide_env_values = true
    )]
    pub flights_db: Option<String>,
    /// URL of the bookings database
    #[arg(
        long,
        value_name = "URL",
        env = "HOLDFAST_AUDIT_BOOKINGS",
        hide_env_values = true
    )]
    pub bookings_db: Option<String>,
    /// URL of the payments database
    #[arg(
        long,
        value_name = "URL",
        env = "HOLDFAST_AUDIT_PAYMENTS",
        hide_env_values = true
    )]
    pub payments_db: Option<String>,
    /// File with an admin's token, for services that authenticate callers; with --running tokens are made
    /// with the key of `holdfast mint-key`, if there is one
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// State directory of the running stack
    #[arg(
        long,
        env = "HOLDFAST_STATE_DIR",
        default_value = ".holdfast",
        hide = true
    )]
    pub state_directory: PathBuf,

    /// Directory for report.json and report.html
    #[arg(long, value_name = "DIRECTORY", default_value = "stress-report")]
    pub out: PathBuf,
    /// Compare with an earlier report.json
    #[arg(long, value_name = "FILE")]
    pub compare: Option<PathBuf>,

    /// Raise the rate of one scenario until a limit is exceeded, and report which
    #[arg(long)]
    pub find_capacity: bool,
    /// Limit of the 99th percentile for --find-capacity, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 100.0)]
    pub p99_ms: f64,
    /// Limit of failed and missed requests for --find-capacity, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 1.0)]
    pub errors: f64,

    /// The measured commit, for the report
    #[arg(long, env = "HOLDFAST_COMMIT", hide = true)]
    pub commit: Option<String>,
}

impl Arguments {
    /// # Errors
    /// Names the argument that is out of range or does not fit another.
    pub fn check(&self) -> anyhow::Result<()> {
        ensure!(
            (0.2..=600.0).contains(&self.seconds),
            "--seconds must be from 0.2 to 600"
        );
        ensure!(
            (0.0..=60.0).contains(&self.warm_up),
            "--warm-up must be from 0 to 60"
        );
        ensure!(
            !self.find_capacity || self.scenario.len() <= 1,
            "--find-capacity takes one --scenario"
        );
        ensure!(
            self.token_file.is_none() || self.running || self.names_addresses(),
            "--token-file is for --running or named services"
        );
        ensure!(
            [0, 3].contains(&self.databases().into_iter().flatten().count()),
            "--flights-db, --bookings-db and --payments-db go together"
        );
        ensure!(
            self.p99_ms > 0.0 && (0.0..100.0).contains(&self.errors),
            "--p99-ms must be above zero, --errors from 0 to 100"
        );
        Ok(())
    }

    /// The scenarios in their fixed order.
    #[must_use]
    pub fn scenarios(&self) -> Vec<Scenario> {
        let wanted =
            |scenario: &Scenario| self.scenario.is_empty() || self.scenario.contains(scenario);
        Scenario::ALL.into_iter().filter(wanted).collect()
    }

    /// Whether the user gives an address.
    #[must_use]
    pub fn names_addresses(&self) -> bool {
        self.flight_url.is_some() || self.booking_url.is_some() || self.payment_url.is_some()
    }

    /// Addresses of flight-, booking- and payment-service, with the defaults for those not given.
    #[must_use]
    pub fn urls(&self) -> [&str; 3] {
        [
            self.flight_url.as_deref().unwrap_or(FLIGHT_URL),
            self.booking_url.as_deref().unwrap_or(BOOKING_URL),
            self.payment_url.as_deref().unwrap_or(PAYMENT_URL),
        ]
    }

    /// The flights, bookings and payments databases. An empty URL, as of an unset variable, counts as none.
    fn databases(&self) -> [Option<&String>; 3] {
        let all = [&self.flights_db, &self.bookings_db, &self.payments_db];
        all.map(|url| url.as_ref().filter(|url| !url.is_empty()))
    }

    /// # Errors
    /// When the token's file can't be read or is empty.
    pub fn token(&self) -> anyhow::Result<Option<Arc<str>>> {
        let Some(path) = &self.token_file else {
            return Ok(None);
        };
        let text = std::fs::read_to_string(path);
        let text = text.with_context(|| format!("{} can't be read", path.display()))?;
        let token = text.trim();
        ensure!(
            !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()),
            "{} has no token in it",
            path.display()
        );
        Ok(Some(token.into()))
    }

    /// `None` unless all three are given.
    #[must_use]
    pub fn database_urls(&self) -> Option<Urls> {
        let [flights, bookings, payments] = self.databases();
        Some(Urls {
            flights: flights?.clone(),
            bookings: bookings?.clone(),
            payments: payments?.clone(),
        })
    }

    /// The settings to show in the report.
    #[must_use]
    pub fn settings(&self, target: &str) -> Vec<(String, String)> {
        let rate = match self.rate {
            Some(rate) => format!("{rate} a second"),
            None => "a closed loop, then 50 % and 80 % of its rate".to_owned(),
        };
        let tickets = match self.tickets {
            Some(tickets) => tickets.to_string(),
            None => "by scenario".to_owned(),
        };
        let clients = match self.clients {
            Some(clients) => clients.to_string(),
            None => "by scenario".to_owned(),
        };
        [
            ("measured on", target.to_owned()),
            ("rate", rate),
            (
                "measured for",
                format!("{} s each, after {} s", self.seconds, self.warm_up),
            ),
            ("clients", clients),
            ("tickets of a sale", tickets),
            (
                "payment provider",
                format!("mock, {} ms a payment", self.provider_ms),
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn parse(words: &str) -> Arguments {
        Arguments::parse_from(std::iter::once("stress-test").chain(words.split_whitespace()))
    }

    #[test]
    fn without_arguments_all_scenarios_run_on_own_servers() {
        let arguments = parse("");
        assert_eq!(arguments.scenarios(), Scenario::ALL);
        assert!(!arguments.names_addresses() && !arguments.running);
        arguments.check().unwrap();
    }

    #[test]
    fn scenarios_keep_their_fixed_order() {
        let arguments = parse("--scenario mixed,hot-sale --rate 5000 --seconds 30");
        assert_eq!(arguments.scenarios(), [Scenario::HotSale, Scenario::Mixed]);
        assert_eq!(arguments.rate, Some(5000));
    }

    #[test]
    fn a_default_address_that_is_given_counts_as_given() {
        let named = parse("--booking-url http://127.0.0.1:8081");
        assert!(named.names_addresses());
        assert_eq!(named.urls(), [FLIGHT_URL, BOOKING_URL, PAYMENT_URL]);
        for endpoint in ["flight", "booking", "payment"] {
            let words = [
                "stress-test",
                "--running",
                &format!("--{endpoint}-url"),
                "h:1",
            ];
            let refused = Arguments::try_parse_from(words).unwrap_err();
            assert_eq!(refused.kind(), clap::error::ErrorKind::ArgumentConflict);
        }
    }

    #[test]
    fn databases_are_given_all_or_none() {
        let all = "--flights-db a --bookings-db b --payments-db c";
        assert!(parse(all).database_urls().is_some());
        let empty = Arguments {
            payments_db: Some(String::new()),
            ..parse("--flights-db a --bookings-db b")
        };
        for some in [parse("--flights-db a"), parse("--payments-db c"), empty] {
            let error = some.check().unwrap_err().to_string();
            assert!(error.contains("--payments-db"), "{error}");
        }
    }

    #[test]
    fn invalid_arguments_are_named() {
        for (words, name) in [
            ("--seconds 0", "--seconds"),
            ("--warm-up 100", "--warm-up"),
            (
                "--find-capacity --scenario mixed,bookings",
                "--find-capacity",
            ),
            ("--errors 100", "--errors"),
            ("--token-file t", "--token-file"),
        ] {
            let error = parse(words).check().unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
