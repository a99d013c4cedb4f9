//! The target environment: servers of its own, the running stack of this machine, or services at addresses
//! that the user gives. Load goes nowhere else.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use jiff::civil::Weekday;
use local_servers::stack_state::{State, signing_key_file};
use reconcile::Urls;
use serde_json::{Value, json};
use tokens::sign::Grant;
use tokens::{Role, Signer};
use tokio::time::{Instant, sleep};

use crate::arguments::Arguments;
use crate::endpoints::{Caller, Endpoint, Endpoints};
use crate::recorded_sales::Databases;
use crate::scenario::Provider;
use loadgen::http::Target;
use local_servers::service::Service;
use test_stack::cores::Share;
use test_stack::service_stack::{ServiceStack, WILLING_PROVIDER};

/// Imported by its own servers: large enough to search in.
const SCHEDULE: &str = "data/us-week";

pub struct TargetEnvironment {
    pub endpoints: Endpoints,
    /// Connections to the three databases, where they are known.
    pub databases: Option<Databases>,
    /// The databases' URLs.
    urls: Option<Urls>,
    /// Description for the report.
    pub name: String,
    /// The mock provider's settings before the test; `None` if the provider is not the mock.
    provider_before: Option<Value>,
    servers: Option<ServiceStack>,
}

impl TargetEnvironment {
    /// # Errors
    /// When a service can't be reached or started.
    pub async fn find(arguments: &Arguments) -> anyhow::Result<Self> {
        let mut target = if arguments.names_addresses() {
            Self::named(arguments).await?
        } else if arguments.running {
            Self::running(arguments).await?
        } else {
            Self::own().await?
        };
        if let Some(urls) = &target.urls {
            target.databases = Some(Databases::connect(urls).await?);
        }
        let mut caller = Caller::new(&target.endpoints);
        for endpoint in [Endpoint::Flight, Endpoint::Booking, Endpoint::Payment] {
            let target = target.endpoints.target(endpoint);
            let reply = caller.get(endpoint, "/health".to_owned()).await;
            let reply = reply.with_context(|| format!("nothing answers at {target}"))?;
            if reply.status != 200 {
                bail!("{target}/health answers {}", reply.status);
            }
        }
        let mock = caller.get(Endpoint::Payment, MOCK.to_owned()).await?;
        if matches!(mock.status, 401 | 403) {
            bail!(
                "the services ask who calls: give the token of an admin with --token-file \
                 (`holdfast mint-token --role admin --sub stress-test` makes one)"
            );
        }
        target.provider_before = (mock.status == 200).then_some(mock.body);
        Ok(target)
    }

    /// Servers of its own on free ports, which end with this process and leave nothing behind.
    async fn own() -> anyhow::Result<Self> {
        let mut servers = ServiceStack::open("stress-test").await?;
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
        let monday = today.date().nth_weekday(1, Weekday::Monday)?;
        let options = ["--starting".to_owned(), monday.to_string()];
        servers
            .import(Path::new(SCHEDULE), &options)
            .await
            .with_context(|| format!("{SCHEDULE} is read from the project's directory"))?;
        let payment = servers.start(Service::Payment, WILLING_PROVIDER).await?;
        let flight = servers.start(Service::Flight, &[]).await?;
        let booking = servers.start(Service::Booking, &[]).await?;
        servers.analyze().await?;
        Ok(Self {
            endpoints: Endpoints {
                flight: Target::local(flight),
                booking: Target::local(booking),
                payment: Target::local(payment),
                tokens: Arc::default(),
            },
            urls: Some(Urls {
                flights: servers.database_url(Service::Flight),
                bookings: servers.database_url(Service::Booking),
                payments: servers.database_url(Service::Payment),
            }),
            name: "a stack of its own, with durable PostgreSQL and Redis".to_owned(),
            databases: None,
            provider_before: None,
            servers: Some(servers),
        })
    }

    /// The stack that `make run` or `make start` started.
    async fn running(arguments: &Arguments) -> anyhow::Result<Self> {
        let directory = &arguments.state_directory;
        let state = State::read(directory)?;
        let port = |name: &str| {
            let part = state.parts.iter().find(|part| part.name == name);
            part.and_then(|part| part.port)
                .with_context(|| format!("{name} does not run: `make start` starts it"))
        };
        let target = |name: &str| -> anyhow::Result<Target> {
            Ok(format!("127.0.0.1:{}", port(name)?).parse()?)
        };
        let urls = match port("PostgreSQL") {
            Ok(port) => {
                let home = directory.join("postgres");
                let url = async |service: Service| {
                    local_servers::postgres::url(&home, port, service.database()).await
                };
                Some(Urls {
                    flights: url(Service::Flight).await?,
                    bookings: url(Service::Booking).await?,
                    payments: url(Service::Payment).await?,
                })
            }
            Err(_) => arguments.database_urls(),
        };
        Ok(Self {
            endpoints: Endpoints {
                flight: target("flight-service")?,
                booking: target("booking-service")?,
                payment: target("payment-service")?,
                tokens: match arguments.token()? {
                    Some(token) => [token].into(),
                    None => minted(directory)?,
                },
            },
            urls,
            name: "the stack that runs on this machine".to_owned(),
            databases: None,
            provider_before: None,
            servers: None,
        })
    }

    /// Services at addresses that the user gives.
    async fn named(arguments: &Arguments) -> anyhow::Result<Self> {
        let [flight, booking, payment] = arguments.urls();
        let endpoints = Endpoints {
            flight: resolve(flight).await?,
            booking: resolve(booking).await?,
            payment: resolve(payment).await?,
            tokens: arguments.token()?.into_iter().collect(),
        };
        Ok(Self {
            urls: arguments.database_urls(),
            name: format!(
                "services at {}, {} and {}",
                endpoints.flight, endpoints.booking, endpoints.payment
            ),
            endpoints,
            databases: None,
            provider_before: None,
            servers: None,
        })
    }

    /// Whether payment-service uses the mock provider.
    #[must_use]
    pub fn has_mock(&self) -> bool {
        self.provider_before.is_some()
    }

    /// Sets the mock provider's behaviour; without the mock nothing happens.
    pub async fn configure_mock(&self, provider: Provider, delay_ms: u64) -> anyhow::Result<()> {
        if !self.has_mock() {
            return Ok(());
        }
        self.put_mock(&json!({
            "failure_rate": provider.failure_rate,
            "timeout_rate": provider.timeout_rate,
            "lost_answer_rate": 0.0,
            "processing_time_ms": delay_ms,
            "processing_spread_ms": delay_ms / 2,
        }))
        .await
    }

    async fn put_mock(&self, behaviour: &Value) -> anyhow::Result<()> {
        let mut caller = Caller::new(&self.endpoints);
        let until = Instant::now() + CALL_TIMEOUT;
        loop {
            let reply = caller.put(Endpoint::Payment, MOCK, behaviour).await?;
            match reply.status {
                200 => return Ok(()),
                // The load has used up the client's quota, or the service is busy.
                429 | 503 if Instant::now() < until => sleep(RETRY_PAUSE).await,
                status => bail!("the mock provider answers {status} {}", reply.body),
            }
        }
    }

    /// The processes whose CPU use is shown; empty where they are not known.
    pub fn shares(&self) -> anyhow::Result<Vec<(&'static str, Share)>> {
        match &self.servers {
            Some(servers) => servers.shares(),
            None => Ok(vec![("load", Share::Itself)]),
        }
    }

    /// Whether its servers were started by this test, so that all other CPU use is other programs'.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.servers.is_some()
    }

    /// The databases' URLs, for the reconciliation.
    #[must_use]
    pub fn urls(&self) -> Option<&Urls> {
        self.urls.as_ref()
    }

    /// Restores the mock provider, and ends what was started.
    pub async fn leave(self) -> anyhow::Result<()> {
        if let Some(servers) = self.servers {
            return servers.close().await;
        }
        match &self.provider_before {
            Some(before) => self.put_mock(before).await,
            None => Ok(()),
        }
    }
}

/// Timeout of calls that must succeed: a client's quota is full again after so long.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(60);

pub(super) const RETRY_PAUSE: Duration = Duration::from_millis(500);

const MOCK: &str = "/api/payments/mock";

/// Longer than any test.
const TOKEN_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// About one token per client, because requests are rate-limited by token.
const TOKENS: u32 = 1024;

/// Admin tokens, signed with the key that `holdfast mint-key` made for this state directory; none if there is
/// no key. An open stack ignores them.
fn minted(state_directory: &Path) -> anyhow::Result<Arc<[Arc<str>]>> {
    let path = signing_key_file(state_directory);
    let key = match std::fs::read(&path) {
        Ok(key) => key,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Arc::default()),
        Err(error) => {
            return Err(error).with_context(|| format!("{} can't be read", path.display()));
        }
    };
    let signer = Signer::from_pem(&key);
    let signer = signer.with_context(|| format!("{} can't be used", path.display()))?;
    let now = jiff::Timestamp::now();
    let tokens = (0..TOKENS).map(|number| {
        let grant = Grant {
            issuer: "holdfast",
            audience: "holdfast",
            subject: &format!("stress-test-{number}"),
            role: Role::Admin,
            lifetime: TOKEN_LIFETIME,
        };
        Ok(signer.sign(&grant, now)?.into())
    });
    tokens.collect()
}

/// Resolves a URL such as `http://127.0.0.1:8080`. The user gave it, so any host is allowed.
async fn resolve(url: &str) -> anyhow::Result<Target> {
    let authority = url.strip_prefix("http://").unwrap_or(url);
    let authority = authority.trim_end_matches('/');
    if authority.contains(['/', '@', '?']) || authority.starts_with("https:") {
        bail!("{url:?} is not an address such as http://127.0.0.1:8080");
    }
    let mut addresses = tokio::net::lookup_host(authority).await.with_context(|| {
        format!("{url:?} can't be resolved; an example is http://127.0.0.1:8080")
    })?;
    let address = addresses.next().context("it has no address")?;
    Ok(Target::named_by_the_user(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_signed_with_the_existing_key() {
        let scratch =
            local_servers::temporary_directory::TemporaryDirectory::new("stress-key").unwrap();
        assert!(minted(scratch.path()).unwrap().is_empty());
        let file = signing_key_file(scratch.path());
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, tokens::sign::new_key().unwrap()).unwrap();
        let tokens = minted(scratch.path()).unwrap();
        assert!(tokens.iter().all(|token| token.split('.').count() == 3));
        assert!(tokens.len() > 1 && tokens[0] != tokens[1]);
        std::fs::write(&file, "no key").unwrap();
        assert!(minted(scratch.path()).is_err());
    }

    #[tokio::test]
    async fn addresses_are_hosts_with_ports() {
        let target = resolve("http://127.0.0.1:8080/").await.unwrap();
        assert_eq!(target.to_string(), "127.0.0.1:8080");
        for wrong in [
            "https://127.0.0.1:1",
            "http://h/path",
            "127.0.0.1",
            "http://a@b:1",
        ] {
            assert!(resolve(wrong).await.is_err(), "{wrong}");
        }
    }
}
