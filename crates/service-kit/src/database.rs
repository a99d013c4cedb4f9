//! The PostgreSQL pool, with a limit on every wait, and migrations.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use anyhow::Context as _;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts};
use refinery::Runner;
use secrecy::ExposeSecret as _;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, NoTls};

use crate::settings::DatabaseSettings;

/// The advisory lock that lets one replica migrate at a time: the bytes of "holdfast" as a number.
const MIGRATION_LOCK: i64 = 0x686f_6c64_6661_7374;

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
    config
        .application_name(service)
        .connect_timeout(settings.wait_timeout)
        .tcp_user_timeout(settings.statement_timeout + Duration::from_secs(5))
        .options(format!(
            "-c statement_timeout={statement_ms} -c synchronous_commit=on \
             -c idle_in_transaction_session_timeout={statement_ms}"
        ));
    Ok(config)
}

/// A pool of connections. Nothing is connected yet.
///
/// # Errors
/// When the settings can't make a pool.
pub fn pool(settings: &DatabaseSettings, service: &str) -> anyhow::Result<Pool> {
    let config = connection_config(settings, service)?;
    pool_of(config, settings, settings.pool_size)
}

fn pool_of(config: Config, settings: &DatabaseSettings, size: usize) -> anyhow::Result<Pool> {
    let manager = Manager::from_config(
        config,
        NoTls,
        ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        },
    );
    Pool::builder(manager)
        .max_size(size)
        .timeouts(Timeouts {
            wait: Some(settings.wait_timeout),
            create: Some(settings.wait_timeout),
            recycle: Some(settings.wait_timeout),
        })
        .runtime(Runtime::Tokio1)
        .build()
        .context("the database pool can't be made")
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
    pool_of(config, settings, BATCH_CONNECTIONS)
}

/// One set of migrations and the table that remembers which of them were applied.
pub struct MigrationSet {
    /// The history table's name, one per set.
    pub history_table: &'static str,
    /// The migrations.
    pub runner: Runner,
}

/// Brings a database up to date, one replica at a time.
///
/// # Errors
/// When the database can't be reached, or a migration fails or was changed after it was applied.
pub async fn migrate(config: &Config, sets: Vec<MigrationSet>) -> anyhow::Result<()> {
    let mut config = config.clone();
    // Migrations and the wait for another replica's may take longer than a request's statement.
    config.options("-c statement_timeout=0 -c lock_timeout=60s");
    let (mut client, connection) = config
        .connect(NoTls)
        .await
        .context("the database can't be reached")?;
    let connection = tokio::spawn(connection);
    client
        .execute("SELECT pg_advisory_lock($1)", &[&MIGRATION_LOCK])
        .await?;
    for mut set in sets {
        set.runner.set_migration_table_name(set.history_table);
        set.runner
            .run_async(&mut client)
            .await
            .with_context(|| format!("the migrations of {} failed", set.history_table))?;
    }
    // Ending the session gives the lock back.
    drop(client);
    connection
        .await
        .context("the migrating connection ended badly")?
        .ok();
    Ok(())
}

/// Whether the same statement may succeed when it is tried again soon: the server is away, starting,
/// stopping or full, or the statement met a lock, a deadlock or its time limit.
#[must_use]
pub fn is_transient(error: &tokio_postgres::Error) -> bool {
    let Some(state) = error.code() else {
        // No state: the error did not come from the server. The connection is at fault then, unless a value
        // could not be converted.
        return match error.source() {
            Some(cause) => cause.is::<io::Error>(),
            None => true,
        };
    };
    // Classes 08 connection, 53 resources, 57 operator intervention; 40 transaction rollback.
    state.code().starts_with("08")
        || state.code().starts_with("53")
        || state.code().starts_with("57")
        || state.code().starts_with("40")
        || *state == SqlState::LOCK_NOT_AVAILABLE
        || *state == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
}

/// Whether the database answers.
pub async fn is_up(pool: &Pool) -> bool {
    match pool.get().await {
        Ok(client) => client.simple_query("SELECT 1").await.is_ok(),
        Err(_) => false,
    }
}
