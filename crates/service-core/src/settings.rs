//! Typed settings, from three layers: the defaults embedded in the binary, a file, the environment.
//!
//! Any setting can be given as `HOLDFAST__SECTION__KEY`. The names that deployers of these API
//! styles already use (`PORT`, `DB_HOST`, `REDIS_URL`, ...) work too; see [`COMMON_ALIASES`].
//! An unknown key or a wrong value stops the start with its name. Variables for sections that a
//! service does not have are left alone: a deployment gives all services the same environment.

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

/// An environment variable and the setting that it stands for.
pub type Alias = (&'static str, &'static str);

/// What the name of a variable begins with that sets any setting.
const ENVIRONMENT_PREFIX: &str = "HOLDFAST__";

/// The short names that every service understands.
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
    /// A file can't be read, a key is unknown or a value has the wrong form.
    #[error("the settings can't be read")]
    Unreadable(#[from] config::ConfigError),
    /// A value is of the right form but makes no sense.
    #[error("{setting} {problem}")]
    Invalid {
        /// The setting's full name, such as `http.port`.
        setting: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

/// Settings that know which combinations make no sense.
pub trait Validate {
    /// Checks what types alone can't.
    ///
    /// # Errors
    /// The first setting that makes no sense, by name.
    fn validate(&self) -> Result<(), SettingsError>;
}

/// Reads and checks a service's settings.
///
/// # Errors
/// When a layer can't be read, or a value is unknown, malformed or senseless.
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

/// Fails with the setting's name unless the condition holds.
///
/// # Errors
/// [`SettingsError::Invalid`] when `holds` is false.
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

/// For `#[serde(deserialize_with)]`: a time as people write it, or `never`, which is `None`.
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

/// Texts with commas between them, as a variable of the environment has them.
pub(crate) fn texts_between_commas<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let texts = text.split(',').map(str::trim);
    let texts = texts.filter(|text| !text.is_empty());
    Ok(texts.map(str::to_owned).collect())
}

/// How a service listens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// The address to bind.
    pub host: IpAddr,
    /// The port to bind; 0 takes any free one.
    pub port: u16,
    /// Worker threads; 0 means one per core.
    pub workers: usize,
    /// The most connections a worker keeps open at once.
    pub max_connections_per_worker: usize,
    /// How long a request may take before it is answered 503.
    #[serde(with = "humantime_serde")]
    pub request_timeout: Duration,
    /// How long a client may take to send a request's head.
    #[serde(with = "humantime_serde")]
    pub header_read_timeout: Duration,
    /// How long a client may take to send a request's body.
    #[serde(with = "humantime_serde")]
    pub body_timeout: Duration,
    /// How long a client may take to read the next tens of kilobytes of what it is sent.
    #[serde(with = "humantime_serde")]
    pub write_timeout: Duration,
    /// How long an idle connection is kept.
    #[serde(with = "humantime_serde")]
    pub keep_alive: Duration,
    /// How long running requests may take to end at shutdown.
    #[serde(with = "humantime_serde")]
    pub shutdown_timeout: Duration,
    /// How many proxies stand before the service, each of which adds to `X-Forwarded-For`.
    pub trusted_proxy_hops: usize,
    /// The origins whose pages may call, such as `https://shop.example.org`: a text with commas between them.
    #[serde(deserialize_with = "texts_between_commas")]
    pub cors_origins: Vec<String>,
    /// Whether `/docs` shows what the service speaks.
    pub docs: bool,
    /// Where `/metrics` is instead of beside everything else, for those who reach that address.
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

/// Whether a text is an origin, as browsers send it.
fn is_origin(text: &str) -> bool {
    let url = text.parse::<url::Url>();
    url.is_ok_and(|url| url.has_host() && url.origin().ascii_serialization() == text)
}

/// Where the service's own database is, and how long it waits for it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// `postgres://user:password@host:port/name`; wins over the parts below.
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
    /// The most connections to keep.
    pub pool_size: usize,
    /// How long to wait for a connection to become free or open.
    #[serde(with = "humantime_serde")]
    pub wait_timeout: Duration,
    /// How long one statement may take.
    #[serde(with = "humantime_serde")]
    pub statement_timeout: Duration,
    /// Whether the service brings the schema up to date when it starts.
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

/// Where Redis is. It may be absent or vanish: everything works without it, more slowly.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedisSettings {
    /// Whether to use Redis at all.
    pub enabled: bool,
    /// `redis://host:port`; wins over the parts below.
    pub url: Option<SecretString>,
    /// The server's host name or address.
    pub host: String,
    /// The server's port.
    pub port: u16,
    /// The most connections to keep.
    pub pool_size: usize,
    /// How long a connection may take to open or to be had.
    #[serde(with = "humantime_serde")]
    pub connect_timeout: Duration,
    /// How long one call may take; after it the caller goes on without Redis.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// Put before every key, so that several deployments can share a server.
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

/// How the service writes its logs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// One JSON object a line, or text for people.
    pub format: LogFormat,
    /// Which events: a level, or directives such as `info,inventory=debug`.
    pub filter: String,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
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
