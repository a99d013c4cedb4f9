//! One connection.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::{BoxStream, poll_fn};
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode, SslNegotiation, TargetSessionAttrs};
use tokio_postgres::{AsyncMessage, Client, Config, Error};

use crate::connections::traffic::Traffic;
use crate::connections::watched::Watch;

/// How often a connection is looked at: its server is found silent at most so much later.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How long a connection is idle before its server's system is asked for a sign, how often that is
/// repeated, and after how many the connection counts as lost.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(3);
const KEEPALIVE_RETRIES: u32 = 3;

/// How often a server that works on a statement looks whether somebody still waits for it: what a client
/// left behind ends so soon, and gives its locks back.
const CHECK_CLIENT_EVERY: &str = "-c client_connection_check_interval=1s";

/// How long is waited on a connection's server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until a connection is open and signed in.
    pub connect: Duration,
    /// For a word of a server that owes an answer: above the longest time that a statement may take there.
    pub silence: Duration,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The server did not answer in time.
    #[error("the database does not answer")]
    Silent,
    /// It can't be reached, or refused.
    #[error("the database can't be reached")]
    Refused(#[from] Error),
    /// The address asks for something that is not spoken here.
    #[error("connections with sslmode=require are not spoken")]
    Tls,
}

/// What a connection's server says unasked; ends with it.
pub type Messages = BoxStream<'static, Result<AsyncMessage, Error>>;

/// Makes the changes to an address that all connections have: only a server that takes writes will do,
/// and one that is gone is noticed, on either side.
///
/// # Errors
/// When it asks for TLS.
pub(crate) fn prepared(config: &Config, limits: Limits) -> Result<Config, ConnectError> {
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
        .tcp_user_timeout(limits.silence)
        .target_session_attrs(TargetSessionAttrs::ReadWrite);
    if !is_local(&config) {
        // Where TLS would be, the socket is watched.
        config
            .ssl_mode(SslMode::Require)
            .ssl_negotiation(SslNegotiation::Direct);
    }
    Ok(config)
}

/// Whether a server is reached by a socket of this machine's file system, which can't be watched: it
/// vanishes with the machine.
pub(crate) fn is_local(config: &Config) -> bool {
    let mut hosts = config.get_hosts().iter();
    hosts.any(|host| matches!(host, Host::Unix(_)))
}

/// A connection of a pool: moved by a task of its own, which ends it when its server falls silent.
pub(crate) async fn watched(
    prepared: &Config,
    silence: Duration,
) -> Result<(Client, JoinHandle<()>, Arc<Traffic>), Error> {
    let watch = Watch::new();
    let (client, connection) = prepared.connect(watch.clone()).await?;
    let traffic = watch.latest();
    let task = tokio::spawn({
        let traffic = Arc::clone(&traffic);
        async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::warn!(%error, "a connection to the database was lost");
                },
                () = silent(&traffic, silence) => told_silent(),
            }
        }
    });
    Ok((client, task, traffic))
}

/// A connection beside every pool. It moves only while its messages are asked for, and they end with an
/// error when its server falls silent while it owes an answer.
///
/// # Errors
/// When it can't be opened in time.
pub async fn connect(config: &Config, limits: Limits) -> Result<(Client, Messages), ConnectError> {
    let config = prepared(config, limits)?;
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
    let silence = async move {
        silent(&traffic, limits.silence).await;
        told_silent();
    };
    Ok((client, messages.take_until(silence).boxed()))
}

/// Returns when the server has owed an answer and been silent for so long.
async fn silent(traffic: &Traffic, limit: Duration) {
    while traffic.silent_for() < limit {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn told_silent() {
    metrics::counter!("database_connections_silent_total").increment(1);
    tracing::warn!("a connection was closed: the database owes an answer and is silent");
}
