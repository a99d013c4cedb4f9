//! The PostgreSQL pools of a service, by its settings.

use std::time::Duration;

use anyhow::Context as _;
use deadpool_postgres::Pool;
use secrecy::ExposeSecret as _;
use tokio_postgres::Config;

pub use crate::connections::connect::Messages;
pub use crate::connections::{ConnectError, Limits, connect, is_transient, on_connection};

use crate::settings::DatabaseSettings;

/// How the service reaches its database.
///
/// Every session answers a commit only when it is durable, whatever the server's own setting says,
/// and gives up on statements that take too long.
///
/// # Errors
/// When `database.url` is malformed.
pub fn connection_config(settings: &DatabaseSettings, service: &str) -> anyhow::Result<Config> {
    let mut config = match &settings.url {
        Some(url) => url
            .expose_secret()
            .parse()
            .context("database.url is malformed")?,
        None => {
            let mut config = Config::new();
            config
                .host(&settings.host)
                .port(settings.port)
                .dbname(&settings.name)
                .user(&settings.user);
            if let Some(password) = &settings.password {
                config.password(password.expose_secret());
            }
            config
        }
    };
    let statement_ms = settings.statement_timeout.as_millis();
    config.application_name(service).options(format!(
        "-c statement_timeout={statement_ms} -c synchronous_commit=on \
             -c idle_in_transaction_session_timeout={statement_ms}"
    ));
    Ok(config)
}

/// How much longer than its own time limit a statement's answer is waited for. A server that keeps that
/// limit has answered by then; one that is silent is frozen or gone.
const SILENCE_MARGIN: Duration = Duration::from_secs(2);

/// How long the service waits on its database's server.
#[must_use]
pub fn limits(settings: &DatabaseSettings) -> Limits {
    Limits {
        connect: settings.wait_timeout,
        silence: settings.statement_timeout + SILENCE_MARGIN,
    }
}

/// A pool of connections. Nothing is connected yet.
///
/// # Errors
/// When the settings can't make a pool.
pub fn pool(settings: &DatabaseSettings, service: &str) -> anyhow::Result<Pool> {
    let config = connection_config(settings, service)?;
    pool_of(&config, settings, settings.pool_size)
}

fn pool_of(config: &Config, settings: &DatabaseSettings, size: usize) -> anyhow::Result<Pool> {
    crate::connections::pool(config, limits(settings), size)
        .context("the database pool can't be made")
}

/// How many connections an inventory commits on: one is at work, another takes its place while one that
/// was lost or cancelled is closed.
const COMMIT_CONNECTIONS: usize = 2;

/// A pool for an inventory's commits alone, which no read keeps waiting. Nothing is connected yet.
///
/// # Errors
/// When the settings can't make a pool.
pub fn commit_pool(settings: &DatabaseSettings, service: &str) -> anyhow::Result<Pool> {
    let config = connection_config(settings, service)?;
    pool_of(&config, settings, COMMIT_CONNECTIONS)
}

/// How many proofs run at once: one is shared by all who ask, another may begin while one is closed.
const PROOF_CONNECTIONS: usize = 2;

/// A pool for the proof of an inventory, whose statements may each take so long. Nothing is connected yet.
///
/// # Errors
/// When the settings can't make a pool.
pub fn proof_pool(
    settings: &DatabaseSettings,
    service: &str,
    statement_timeout: Duration,
) -> anyhow::Result<Pool> {
    let settings = DatabaseSettings {
        statement_timeout,
        ..settings.clone()
    };
    pool_of(
        &connection_config(&settings, service)?,
        &settings,
        PROOF_CONNECTIONS,
    )
}

/// How many connections write in batches: each kind of row has one batch under way.
const BATCH_CONNECTIONS: usize = 4;

/// Planning as batches need it: once for each statement, and by keys. Each looks up some hundreds of rows
/// at most, while a plan for a table that has just grown, or whose statistics are missing, may read it whole.
const PLANNED_BY_KEYS: &str = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off \
     -c enable_hashjoin=off -c enable_mergejoin=off";

/// A pool for statements that write many rows, each found by its key. Nothing is connected yet.
///
/// # Errors
/// When the settings can't make a pool.
pub fn batch_pool(settings: &DatabaseSettings, service: &str) -> anyhow::Result<Pool> {
    let mut config = connection_config(settings, service)?;
    let options = config.get_options().unwrap_or_default();
    let options = format!("{options} {PLANNED_BY_KEYS}");
    config.options(options);
    pool_of(&config, settings, BATCH_CONNECTIONS)
}

/// Whether the database answers, and takes writes.
pub async fn is_up(pool: &Pool) -> bool {
    let Ok(client) = pool.get().await else {
        return false;
    };
    let answer = client.query_one("SHOW transaction_read_only", &[]).await;
    answer.is_ok_and(|row| row.try_get::<_, &str>(0).is_ok_and(|only| only == "off"))
}

/// Why the database did not answer.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// There is no connection.
    #[error("the database can't be reached")]
    Pool(#[from] deadpool_postgres::PoolError),
    /// A statement failed.
    #[error("a statement failed")]
    Statement(#[from] tokio_postgres::Error),
}
