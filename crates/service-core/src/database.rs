//! The PostgreSQL pools of a service, from its settings.

use std::time::Duration;

use anyhow::Context as _;
use deadpool_postgres::Pool;
use secrecy::ExposeSecret as _;
use tokio_postgres::Config;

pub use crate::connections::connect::Messages;
pub use crate::connections::{ConnectError, Limits, connect, is_transient, on_connection};

use crate::settings::DatabaseSettings;

/// The connection options of a service.
///
/// Every session sets `synchronous_commit` and `statement_timeout` itself, whatever the server's configuration
/// says: a commit is answered only when it is durable, and slow statements are cancelled.
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

/// How long an answer may be overdue beyond `statement_timeout`. A working server has answered by then; a
/// silent one is frozen or gone.
const SILENCE_MARGIN: Duration = Duration::from_secs(2);

/// The time limits of the service's connections.
#[must_use]
pub fn limits(settings: &DatabaseSettings) -> Limits {
    Limits {
        connect: settings.wait_timeout,
        read_timeout: settings.statement_timeout + SILENCE_MARGIN,
    }
}

/// The general pool. Connections are opened on demand.
///
/// # Errors
/// When the settings don't make a pool.
pub fn pool(settings: &DatabaseSettings, service: &str) -> anyhow::Result<Pool> {
    let config = connection_config(settings, service)?;
    pool_of(&config, settings, settings.pool_size)
}

fn pool_of(config: &Config, settings: &DatabaseSettings, size: usize) -> anyhow::Result<Pool> {
    crate::connections::pool(config, limits(settings), size)
        .context("the database pool can't be made")
}

/// Connections for an inventory's commits: one works while another, lost or cancelled, is being closed and
/// replaced.
const COMMIT_CONNECTIONS: usize = 2;

/// How long a commit waits for a lock before it releases its own locks and is tried again.
const LOCK_TIMEOUT: Duration = Duration::from_millis(200);

/// A pool for an inventory's commits alone, so that reads never delay them.
///
/// # Errors
/// When the settings don't make a pool.
pub fn commit_pool(settings: &DatabaseSettings, service: &str) -> anyhow::Result<Pool> {
    let mut config = connection_config(settings, service)?;
    set_up_for_commits(&mut config);
    pool_of(&config, settings, COMMIT_CONNECTIONS)
}

/// Adds the session settings of an inventory's commits, which are made once for each connection. Every statement
/// writes or looks up rows by their keys.
pub fn set_up_for_commits(config: &mut Config) {
    let lock_timeout_ms = LOCK_TIMEOUT.as_millis();
    add_options(
        config,
        &format!("{PLANNED_BY_KEYS} -c enable_hashagg=off -c lock_timeout={lock_timeout_ms}"),
    );
}

fn add_options(config: &mut Config, more: &str) {
    let options = config.get_options().unwrap_or_default();
    let options = format!("{options} {more}");
    config.options(options.trim_start());
}

/// Connections for the upkeep of the ledger: one for its long re-count, one for its short tasks.
const UPKEEP_CONNECTIONS: usize = 2;

/// A pool for what keeps an inventory's ledger in the background, with a statement timeout of its own.
///
/// # Errors
/// When the settings can't make a pool.
pub fn upkeep_pool(
    settings: &DatabaseSettings,
    service: &str,
    statement_timeout: Duration,
) -> anyhow::Result<Pool> {
    patient_pool(settings, service, statement_timeout, UPKEEP_CONNECTIONS)
}

/// Connections for ledger proofs: all callers share one proof (single flight); a second may begin while the
/// first's connection closes.
const PROOF_CONNECTIONS: usize = 2;

/// A pool for the ledger proof of an inventory, with a statement timeout of its own.
///
/// # Errors
/// When the settings can't make a pool.
pub fn proof_pool(
    settings: &DatabaseSettings,
    service: &str,
    statement_timeout: Duration,
) -> anyhow::Result<Pool> {
    patient_pool(settings, service, statement_timeout, PROOF_CONNECTIONS)
}

/// A pool with a statement timeout of its own.
fn patient_pool(
    settings: &DatabaseSettings,
    service: &str,
    statement_timeout: Duration,
    size: usize,
) -> anyhow::Result<Pool> {
    let settings = DatabaseSettings {
        statement_timeout,
        ..settings.clone()
    };
    pool_of(&connection_config(&settings, service)?, &settings, size)
}

/// Connections for batched writes: each kind of row has at most one batch in flight.
const BATCH_CONNECTIONS: usize = 4;

/// Planner settings for batches: plan once per statement, use indexes. A batch looks up some hundreds of rows
/// at most, but a plan for a table that has just grown, or has no statistics yet, may scan it all. A plan that can't
/// do without what is discouraged here looks expensive; it is not worth compiling.
const PLANNED_BY_KEYS: &str = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off \
     -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off";

/// A pool for statements that write many rows, each found by its key.
///
/// # Errors
/// When the settings don't make a pool.
pub fn batch_pool(settings: &DatabaseSettings, service: &str) -> anyhow::Result<Pool> {
    let mut config = connection_config(settings, service)?;
    add_options(&mut config, PLANNED_BY_KEYS);
    pool_of(&config, settings, BATCH_CONNECTIONS)
}

/// Whether the database answers and accepts writes.
pub async fn is_up(pool: &Pool) -> bool {
    let Ok(client) = pool.get().await else {
        return false;
    };
    let answer = client.query_one("SHOW transaction_read_only", &[]).await;
    answer.is_ok_and(|row| row.try_get::<_, &str>(0).is_ok_and(|only| only == "off"))
}

/// Why a database operation failed.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// No connection could be had.
    #[error("the database can't be reached")]
    Pool(#[from] deadpool_postgres::PoolError),
    /// The statement failed, or its answer was lost.
    #[error("a statement failed")]
    Statement(#[from] tokio_postgres::Error),
}
