//! Opening and watching one connection.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::{BoxStream, poll_fn};
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode, SslNegotiation, TargetSessionAttrs};
use tokio_postgres::{AsyncMessage, Client, Config, Error};

use crate::connections::traffic::Traffic;
use crate::connections::watched::Watch;

/// How often a connection is checked: a silent server is detected at most this much later.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// TCP keepalive: idle time before the first probe, time between probes, and the probes that must fail before
/// the connection counts as lost.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(3);
const KEEPALIVE_RETRIES: u32 = 3;

/// How often a server checks, while it runs a statement, that its client is still connected. An abandoned
/// statement ends within this time and releases its locks.
const CHECK_CLIENT_EVERY: &str = "-c client_connection_check_interval=1s";

/// Time limits of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until the connection is open and authenticated.
    pub connect: Duration,
    /// Until a server that owes an answer sends its next byte; must be above `statement_timeout`.
    pub read_timeout: Duration,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The server did not complete the connection in time.
    #[error("the database does not answer")]
    Silent,
    /// The server can't be reached, or refused the connection.
    #[error("the database can't be reached")]
    Refused(#[from] Error),
    /// The address requires TLS, which is not supported.
    #[error("sslmode=require is not supported")]
    Tls,
}

/// Asynchronous messages: notices and notifications. The stream ends with its connection.
pub type Messages = BoxStream<'static, Result<AsyncMessage, Error>>;

/// An address with the options that all connections need: only a primary is accepted, and either side detects
/// that the other is gone.
///
/// # Errors
/// [`ConnectError::Tls`] if it requires TLS.
pub(crate) fn with_required_options(
    config: &Config,
    limits: Limits,
) -> Result<Config, ConnectError> {
    if config.get_ssl_mode() == SslMode::Require {
        return Err(ConnectError::Tls);
    }
    let mut config = config.clone();
    let options = config.get_options().unwrap_or_default();
    let options = format!("{options} {CHECK_CLIENT_EVERY}");
    config
        .options(options.trim_start())
        .connect_timeout(limits.connect)
        .keepalives(true)
        .keepalives_idle(KEEPALIVE_IDLE)
        .keepalives_interval(KEEPALIVE_INTERVAL)
        .keepalives_retries(KEEPALIVE_RETRIES)
        .tcp_user_timeout(limits.read_timeout)
        .target_session_attrs(TargetSessionAttrs::ReadWrite);
    if !is_local(&config) {
        // tokio-postgres accepts a socket wrapper only in place of TLS.
        config
            .ssl_mode(SslMode::Require)
            .ssl_negotiation(SslNegotiation::Direct);
    }
    Ok(config)
}

/// Whether the server is reached by a Unix socket. Such a socket can't be watched; its server can't vanish
/// without this machine.
pub(crate) fn is_local(config: &Config) -> bool {
    let mut hosts = config.get_hosts().iter();
    hosts.any(|host| matches!(host, Host::Unix(_)))
}

/// A pool's connection. A task of its own drives it, and ends it when its server falls silent.
pub(crate) async fn watched(
    with_required_options: &Config,
    read_timeout: Duration,
) -> Result<(Client, JoinHandle<()>, Arc<Traffic>), Error> {
    let watch = Watch::new();
    let (client, connection) = with_required_options.connect(watch.clone()).await?;
    let traffic = watch.latest();
    let task = tokio::spawn({
        let traffic = Arc::clone(&traffic);
        async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::warn!(%error, "database connection lost");
                },
                () = silent(&traffic, read_timeout) => told_silent(),
            }
        }
    });
    Ok((client, task, traffic))
}

/// A connection beside the pools. Polling the messages drives it. They end with an error when the server falls
/// silent while it owes an answer.
///
/// # Errors
/// When it can't be opened in time.
pub async fn connect(config: &Config, limits: Limits) -> Result<(Client, Messages), ConnectError> {
    let config = with_required_options(config, limits)?;
    if is_local(&config) {
        let connecting = config.connect(tokio_postgres::NoTls);
        let connected = tokio::time::timeout(limits.connect, connecting).await;
        let (client, mut connection) = connected.map_err(|_| ConnectError::Silent)??;
        let messages = poll_fn(move |context| connection.poll_message(context));
        return Ok((client, messages.boxed()));
    }
    let watch = Watch::new();
    let connecting = config.connect(watch.clone());
    let connected = tokio::time::timeout(limits.connect, connecting).await;
    let (client, mut connection) = connected.map_err(|_| ConnectError::Silent)??;
    let traffic = watch.latest();
    let messages = poll_fn(move |context| connection.poll_message(context));
    let read_timeout = async move {
        silent(&traffic, limits.read_timeout).await;
        told_silent();
    };
    Ok((client, messages.take_until(read_timeout).boxed()))
}

/// Returns when the server has owed an answer and been silent for `limit`.
async fn silent(traffic: &Traffic, limit: Duration) {
    while traffic.silent_for() < limit {
        tokio::time::sleep(CHECK_INTERVAL).await;
    }
}

fn told_silent() {
    metrics::counter!("database_connections_silent_total").increment(1);
    tracing::warn!("database connection closed: the server owes an answer and is silent");
}
