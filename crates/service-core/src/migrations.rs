//! Schema migrations: forward only, expand then contract. `migrations/README.md` has the rules.

use std::error::Error as _;
use std::time::Duration;

use anyhow::{Context as _, bail};
use futures_util::StreamExt as _;
use refinery::{Migration, Runner};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config};

use crate::connections::{Limits, connect};

/// The advisory lock under which one replica migrates at a time: the bytes of "holdfast" as a number.
const LOCK: i64 = 0x686f_6c64_6661_7374;

/// How long a migration may run without an answer: longer than an index on the largest table takes.
const SILENCE: Duration = Duration::from_secs(3600);

/// Connection timeout.
const CONNECT: Duration = Duration::from_secs(10);

/// The migrations of one schema, with their history table.
pub struct MigrationSet {
    /// The history table's name; each set has its own.
    pub history_table: &'static str,
    /// The embedded migrations, in order.
    pub runner: Runner,
}

/// Migrates a database, one replica at a time. A schema that a newer version has migrated is left alone:
/// migrations only expand, so this version works on it.
///
/// # Errors
/// When the database can't be reached, a migration fails, or the history differs: before 0.1.0, schemas changed
/// without migrations in between.
pub async fn migrate(config: &Config, mut sets: Vec<MigrationSet>) -> anyhow::Result<()> {
    let mut config = config.clone();
    // A migration, or the wait for another replica's, may take longer than a request's statement.
    config.options("-c statement_timeout=0 -c lock_timeout=60s");
    let limits = Limits {
        connect: CONNECT,
        read_timeout: SILENCE,
    };
    let (mut client, messages) = connect(&config, limits).await?;
    let connection = tokio::spawn(messages.for_each(async |_| {}));
    client
        .execute("SELECT pg_advisory_lock($1)", &[&LOCK])
        .await?;
    for set in &mut sets {
        set.apply(&mut client).await?;
    }
    // Ending the session releases the advisory lock.
    drop(client);
    connection.await.context("the migration connection failed")
}

impl MigrationSet {
    async fn apply(&mut self, client: &mut Client) -> anyhow::Result<()> {
        self.runner.set_migration_table_name(self.history_table);
        let failed = || format!("the migrations of {} failed", self.history_table);
        let applied = self.applied(client).await.with_context(failed)?;
        match history(&applied, self.runner.get_migrations()) {
            History::Same => {}
            History::Newer => {
                tracing::info!(
                    history = self.history_table,
                    "schema is newer than this version; left unchanged"
                );
                return Ok(());
            }
            History::Other => bail!(unreleased(client).await?),
        }
        match self.runner.run_async(client).await {
            Ok(_) => Ok(()),
            // The tables exist, but have no history.
            Err(error) if applied.is_empty() && is_there_already(&error) => {
                bail!(unreleased(client).await?)
            }
            Err(error) => Err(error).with_context(failed),
        }
    }

    async fn applied(&self, client: &mut Client) -> anyhow::Result<Vec<Migration>> {
        let known = client
            .query_one("SELECT to_regclass($1) IS NOT NULL", &[&self.history_table])
            .await?;
        if !known.try_get::<_, bool>(0)? {
            return Ok(Vec::new());
        }
        Ok(self.runner.get_applied_migrations_async(client).await?)
    }
}

/// How the applied migrations compare with this version's.
#[derive(Debug, PartialEq, Eq)]
enum History {
    /// Equal, or a prefix of this version's.
    Same,
    /// All of this version's, and later ones.
    Newer,
    /// One with the same number is different.
    Other,
}

fn history(applied: &[Migration], own: &[Migration]) -> History {
    let is_other = |one: &Migration| {
        let same_version = own.iter().find(|own| own.version() == one.version());
        same_version.is_some_and(|own| own != one)
    };
    let latest = own.iter().map(Migration::version).max();
    if applied.iter().any(is_other) {
        History::Other
    } else if applied.iter().any(|one| Some(one.version()) > latest) {
        History::Newer
    } else {
        History::Same
    }
}

/// The error for a database that an unreleased version made.
async fn unreleased(client: &Client) -> anyhow::Result<String> {
    let name = client.query_one("SELECT current_database()", &[]).await?;
    let name: &str = name.try_get(0)?;
    Ok(format!(
        "database {name} was made by an unreleased version of Holdfast: run `make db-reset`"
    ))
}

/// Whether the error says that a table or another object exists already.
fn is_there_already(error: &refinery::Error) -> bool {
    let cause = error.source().and_then(|source| source.downcast_ref());
    let code = cause.and_then(tokio_postgres::Error::code);
    code.is_some_and(|code| {
        [
            SqlState::DUPLICATE_TABLE,
            SqlState::DUPLICATE_OBJECT,
            SqlState::DUPLICATE_FUNCTION,
        ]
        .contains(code)
    })
}
