//! Typed settings in three layers: defaults embedded in the binary, a file, the environment.
//!
//! Any setting can be given as `HOLDFAST__SECTION__KEY`. The usual short names (`PORT`, `DB_HOST`, `REDIS_URL`,
//! ...) work too; see [`COMMON_ALIASES`]. An unknown key or a bad value stops the start, and the error names
//! it. Variables for sections that a service does not have are ignored: a deployment gives all services the
//! same environment.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use config::{Config, File, FileFormat};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

mod auth;
mod limits;
mod streams;

pub use self::auth::{AuthMode, AuthSettings, read_secret};
pub use self::limits::LimitSettings;
pub use self::streams::StreamSettings;

/// An environment variable, and the setting that it sets.
pub type Alias = (&'static str, &'static str);

/// Prefix of the variables that set any setting.
const ENVIRONMENT_PREFIX: &str = "HOLDFAST__";

/// The short names of settings that every service has.
pub const COMMON_ALIASES: &[Alias] = &[
    ("PORT", "http.port"),
    ("DATABASE_URL", "database.url"),
    ("DB_HOST", "database.host"),
    ("DB_PORT", "database.port"),
    ("DB_NAME", "database.name"),
    ("DB_USER", "database.user"),
    ("DB_PASSWORD", "database.password"),
    ("REDIS_URL", "redis.url"),
    ("REDIS_HOST", "redis.host"),
    ("REDIS_PORT", "redis.port"),
];

/// Why the settings can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file can't be read, a key is unknown or a value is malformed.
    #[error("the settings can't be read")]
    Unreadable(#[from] config::ConfigError),
    /// A value is well-formed but out of range, or contradicts another.
    #[error("{setting} {problem}")]
    Invalid {
        /// The setting's full name, such as `http.port`.
        setting: &'static str,
        /// The rest of the sentence that starts with the setting's name.
        problem: String,
    },
}

/// Checks that go beyond the types.
pub trait Validate {
    /// Checks ranges and combinations.
    ///
    /// # Errors
    /// The first invalid setting, by name.
    fn validate(&self) -> Result<(), SettingsError>;
}

/// Reads and validates a service's settings.
///
/// # Errors
/// When a layer can't be read, a key is unknown, or a value is malformed or invalid.
pub fn load<T: DeserializeOwned + Validate>(
    defaults: &str,
    file: Option<&Path>,
    aliases: &[Alias],
) -> Result<T, SettingsError> {
    let defaults = Config::builder()
        .add_source(File::from_str(defaults, FileFormat::Toml))
        .build()?;
    let has_section = |setting: &str| {
        let section = setting.split('.').next().unwrap_or_default();
        defaults.get_table(section).is_ok()
    };
    let mut builder = Config::builder().add_source(defaults.clone());
    if let Some(path) = file {
        builder = builder.add_source(File::from(path).format(FileFormat::Toml).required(true));
    }
    let mut environment = Config::builder();
    for (variable, setting) in COMMON_ALIASES.iter().chain(aliases) {
        if let Ok(value) = std::env::var(variable)
            && has_section(setting)
        {
            environment = environment.set_override(*setting, value)?;
        }
    }
    for (variable, value) in std::env::vars_os() {
        let (Some(variable), Some(value)) = (variable.to_str(), value.to_str()) else {
            continue;
        };
        let setting = variable.strip_prefix(ENVIRONMENT_PREFIX);
        let setting = setting.map(|name| name.to_lowercase().replace("__", "."));
        if let Some(setting) = setting
            && has_section(&setting)
        {
            environment = environment.set_override(setting, value)?;
        }
    }
    let settings: T = builder
        .add_source(environment.build()?)
        .build()?
        .try_deserialize()?;
    settings.validate()?;
    Ok(settings)
}

/// Requires a condition of a setting.
///
/// # Errors
/// [`SettingsError::Invalid`] if `holds` is false.
pub fn require(
    holds: bool,
    setting: &'static str,
    problem: impl Into<String>,
) -> Result<(), SettingsError> {
    if holds {
        Ok(())
    } else {
        Err(SettingsError::Invalid {
            setting,
            problem: problem.into(),
        })
    }
}

/// For `#[serde(deserialize_with)]`: a duration such as `30s`, or `never`, which is `None`.
///
/// # Errors
/// When the text is neither.
pub fn duration_or_never<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text == "never" {
        return Ok(None);
    }
    humantime::parse_duration(&text).map(Some).map_err(|error| {
        serde::de::Error::custom(format!("{text:?} is neither a time nor never: {error}"))
    })
}

/// A comma-separated list, as an environment variable holds it.
pub(crate) fn comma_separated<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let texts = text.split(',').map(str::trim);
    let texts = texts.filter(|text| !text.is_empty());
    Ok(texts.map(str::to_owned).collect())
}

/// The HTTP server's address and limits.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// The address to bind.
    pub host: IpAddr,
    /// The port to bind; 0 takes any free one.
    pub port: u16,
    /// Worker threads; 0 means one per core.
    pub workers: usize,
    /// Most open connections per worker.
    pub max_connections_per_worker: usize,
    /// Time limit of a request, which is then answered 503.
    #[serde(with = "humantime_serde")]
    pub request_timeout: Duration,
    /// Time limit for a client to send a request's head.
    #[serde(with = "humantime_serde")]
    pub header_read_timeout: Duration,
    /// Time limit for a client to send a request's body.
    #[serde(with = "humantime_serde")]
    pub body_timeout: Duration,
    /// Time limit for a client to read the next tens of kilobytes of a response.
    #[serde(with = "humantime_serde")]
    pub write_timeout: Duration,
    /// How long an idle connection is kept open.
    #[serde(with = "humantime_serde")]
    pub keep_alive: Duration,
    /// How long running requests may take to end at shutdown.
    #[serde(with = "humantime_serde")]
    pub shutdown_timeout: Duration,
    /// Trusted proxies in front of the service, each of which appends to `X-Forwarded-For`.
    pub trusted_proxy_hops: usize,
    /// Origins whose pages may call, such as `https://shop.example.org`, comma-separated.
    #[serde(deserialize_with = "comma_separated")]
    pub cors_origins: Vec<String>,
    /// Whether `/docs` shows the API documentation.
    pub docs: bool,
    /// A separate address for `/metrics`, which is then absent from the main port.
    #[serde(default)]
    pub metrics_address: Option<SocketAddr>,
}

impl Validate for HttpSettings {
    fn validate(&self) -> Result<(), SettingsError> {
        require(
            self.workers <= 1024,
            "http.workers",
            "must be from 0 to 1024",
        )?;
        require(
            self.max_connections_per_worker > 0,
            "http.max_connections_per_worker",
            "must be at least 1",
        )?;
        require(
            !self.request_timeout.is_zero(),
            "http.request_timeout",
            "must be above zero",
        )?;
        require(
            !self.body_timeout.is_zero(),
            "http.body_timeout",
            "must be above zero",
        )?;
        require(
            !self.write_timeout.is_zero(),
            "http.write_timeout",
            "must be above zero",
        )?;
        require(
            self.cors_origins.iter().all(|origin| is_origin(origin)),
            "http.cors_origins",
            "must be origins such as https://shop.example.org, without a path; every page there is, \
             `*`, can't be meant",
        )
    }
}

/// Whether a text is an origin as browsers send it: scheme, host and port only.
fn is_origin(text: &str) -> bool {
    let url = text.parse::<url::Url>();
    url.is_ok_and(|url| url.has_host() && url.origin().ascii_serialization() == text)
}

/// The service's own PostgreSQL database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// `postgres://user:password@host:port/name`; overrides the parts below.
    pub url: Option<SecretString>,
    /// The server's host name or address.
    pub host: String,
    /// The server's port.
    pub port: u16,
    /// The database's name.
    pub name: String,
    /// The role to log in as.
    pub user: String,
    /// The role's password.
    pub password: Option<SecretString>,
    /// Most connections of the general pool.
    pub pool_size: usize,
    /// How long to wait for a free or new connection.
    #[serde(with = "humantime_serde")]
    pub wait_timeout: Duration,
    /// Time limit of a statement, enforced by the server.
    #[serde(with = "humantime_serde")]
    pub statement_timeout: Duration,
    /// Whether to run migrations at start.
    pub migrate_on_start: bool,
}

impl Validate for DatabaseSettings {
    fn validate(&self) -> Result<(), SettingsError> {
        require(
            (1..=500).contains(&self.pool_size),
            "database.pool_size",
            "must be from 1 to 500",
        )?;
        require(
            !self.statement_timeout.is_zero(),
            "database.statement_timeout",
            "must be above zero",
        )
    }
}

/// Redis. It may be absent or vanish: everything works without it, more slowly.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedisSettings {
    /// Whether to use Redis at all.
    pub enabled: bool,
    /// `redis://host:port`; overrides the parts below.
    pub url: Option<SecretString>,
    /// The server's host name or address.
    pub host: String,
    /// The server's port.
    pub port: u16,
    /// Most pooled connections.
    pub pool_size: usize,
    /// How long to wait for a free or new connection.
    #[serde(with = "humantime_serde")]
    pub connect_timeout: Duration,
    /// Time limit of a call; after it the caller goes on without Redis.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// Prefix of every key, so that several deployments can share a server.
    pub key_prefix: String,
}

impl Validate for RedisSettings {
    fn validate(&self) -> Result<(), SettingsError> {
        require(
            (1..=100).contains(&self.pool_size),
            "redis.pool_size",
            "must be from 1 to 100",
        )?;
        require(
            !self.timeout.is_zero(),
            "redis.timeout",
            "must be above zero",
        )
    }
}

/// Format and filter of the logs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// JSON lines, or text for people.
    pub format: LogFormat,
    /// A level, or directives such as `info,inventory=debug`.
    pub filter: String,
}

/// The format of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// Text for people.
    Pretty,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        http: HttpSettings,
    }

    impl Validate for Sample {
        fn validate(&self) -> Result<(), SettingsError> {
            self.http.validate()
        }
    }

    const DEFAULTS: &str = r#"
        [http]
        host = "127.0.0.1"
        port = 8080
        workers = 0
        max_connections_per_worker = 10
        request_timeout = "30s"
        header_read_timeout = "5s"
        body_timeout = "10s"
        write_timeout = "20s"
        keep_alive = "75s"
        shutdown_timeout = "30s"
        trusted_proxy_hops = 0
        cors_origins = "https://shop.example.org, http://localhost:3000"
        docs = true
    "#;

    fn load_with(change: (&str, &str)) -> Result<Sample, SettingsError> {
        load(&DEFAULTS.replace(change.0, change.1), None, &[])
    }

    #[test]
    fn the_defaults_load() {
        let sample = load_with(("", "")).unwrap();
        assert_eq!(sample.http.request_timeout, Duration::from_secs(30));
    }

    #[test]
    fn a_wrong_value_is_named() {
        for (change, name) in [
            (("8080", "80800"), "http.port"),
            (("\"127.0.0.1\"", "\"localhorst\""), "http.host"),
            (("workers = 0", "workers = 5000"), "http.workers"),
            (
                ("request_timeout = \"30s\"", "request_timeout = \"soon\""),
                "http.request_timeout",
            ),
            (("workers", "wrokers"), "wrokers"),
            (
                ("https://shop.example.org", "https://shop.example.org/"),
                "http.cors_origins",
            ),
            (("https://shop.example.org", "*"), "http.cors_origins"),
            (
                ("body_timeout = \"10s\"", "body_timeout = \"0s\""),
                "http.body_timeout",
            ),
            (
                ("write_timeout = \"20s\"", "write_timeout = \"0s\""),
                "http.write_timeout",
            ),
            (
                ("docs = true", "docs = true\nmetrics_address = \"9464\""),
                "http.metrics_address",
            ),
        ] {
            let error = anyhow::Error::from(load_with(change).unwrap_err());
            assert!(format!("{error:#}").contains(name), "{error:#}");
        }
    }
}
