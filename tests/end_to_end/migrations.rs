//! The databases that a service starts on: its own, and those migrated by a newer version; not those made
//! before 0.1.0.

use anyhow::{Context as _, ensure};
use service_core::migrations::MigrationSet;
use test_stack::TestDatabase;
use tokio_postgres::Client;

use crate::databases::Databases;
use crate::settings;
use crate::sql::connect;

/// Runs `migrate` on databases with altered histories, one migration set after the other.
async fn refuses_what_is_unreleased(
    database: &TestDatabase,
    sets: Vec<MigrationSet>,
    migrate: impl AsyncFn() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let sql = connect(database).await?;
    let sentence = format!(
        "database {} was made by an unreleased version of Holdfast: run `make db-reset`",
        database.name()
    );
    migrate().await?;
    for MigrationSet { history_table, .. } in sets {
        let is_refused = async |how: &str| {
            let refused = migrate().await.err().context("it is taken")?;
            ensure!(
                refused.to_string() == sentence,
                "{history_table}, {how}: {refused:?}"
            );
            anyhow::Ok(())
        };
        let applied = tables(&sql).await?;
        for other in ["checksum = '1'", "name = 'other'"] {
            let saved = format!("CREATE TEMP TABLE saved AS TABLE {history_table}");
            let change = format!("UPDATE {history_table} SET {other} WHERE version = 1");
            sql.batch_execute(&format!("{saved}; {change}")).await?;
            is_refused(other).await?;
            sql.batch_execute(&format!(
                "TRUNCATE {history_table}; INSERT INTO {history_table} TABLE saved; DROP TABLE saved"
            ))
            .await?;
        }
        // Tables without a migration history were not made by a release.
        let renamed = format!("ALTER TABLE {history_table} RENAME TO elsewhere");
        sql.batch_execute(&renamed).await?;
        is_refused("no history").await?;
        sql.batch_execute(&format!(
            "DROP TABLE IF EXISTS {history_table}; ALTER TABLE elsewhere RENAME TO {history_table}"
        ))
        .await?;
        ensure!(
            tables(&sql).await? == applied,
            "a refused start changed the database"
        );

        let newer = format!(
            "INSERT INTO {history_table} (version, name, applied_on, checksum)
             VALUES (9999, 'of_a_newer_version', '2100-01-01T00:00:00Z', '1')"
        );
        sql.batch_execute(&newer).await?;
        migrate().await.context("a newer version's is refused")?;
    }
    Ok(())
}

async fn tables(sql: &Client) -> anyhow::Result<Vec<String>> {
    let query = "SELECT table_name::text FROM information_schema.tables
                 WHERE table_schema = 'public' ORDER BY table_name";
    let rows = sql.query(query, &[]).await?;
    Ok(rows
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?)
}

#[tokio::test]
async fn a_database_of_an_unreleased_version_is_refused() -> anyhow::Result<()> {
    let databases = Databases::create().await?;
    let flights = settings::flight_settings(databases.flights.url())?;
    let bookings = settings::booking_settings(databases.bookings.url())?;
    let payments = settings::payment_settings(databases.payments.url())?;
    refuses_what_is_unreleased(
        &databases.flights,
        flight_service::db::migrations(),
        async || flight_service::migrate(&flights).await,
    )
    .await?;
    refuses_what_is_unreleased(
        &databases.bookings,
        booking_service::db::migrations(),
        async || booking_service::migrate(&bookings).await,
    )
    .await?;
    refuses_what_is_unreleased(
        &databases.payments,
        payment_service::db::migrations(),
        async || payment_service::migrate(&payments).await,
    )
    .await
}
