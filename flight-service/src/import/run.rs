//! Runs an import: from a directory into the database, in one transaction.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use domain::{AirportCode, FlightId};
use indicatif::{ProgressBar, ProgressStyle};
use inventory::NewPool;
use service_core::{command_line, database, migrations};
use tokio_postgres::error::SqlState;

use crate::db;
use crate::import::flights::ImportedFlight;
use crate::import::options::ImportOptions;
use crate::import::{airports, flights};
use crate::names::{NAME, POOL_KIND};
use crate::settings::Settings;

/// Rows per statement: enough to be fast, few enough to keep progress visible.
const CHUNK_ROWS: usize = 5000;

/// Time limit of one statement of an import.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(60);

/// Imports a directory.
///
/// # Errors
/// A file can't be read, a row is invalid, or the database refuses. Nothing is imported then.
pub async fn run(settings: &Settings, options: &ImportOptions) -> anyhow::Result<()> {
    let started = Instant::now();
    let name = name_of(&options.directory)?;
    let mut database_settings = settings.database.clone();
    database_settings.statement_timeout = STATEMENT_TIMEOUT;
    let config = database::connection_config(&database_settings, NAME)?;
    migrations::migrate(&config, db::migrations()).await?;
    let pool = database::pool(&database_settings, NAME)?;

    if options.once {
        let client = pool.get().await.context("the database can't be reached")?;
        if db::imports::is_known(&client, &name).await? {
            return command_line::print(&format!("{name} was imported before\n"));
        }
    }
    let airports = airports::read(&options.directory)?;
    let (flights, later) = flights::read(&options.directory, &airports, options)?;
    let mut client = pool.get().await.context("the database can't be reached")?;
    let transaction = client.transaction().await?;
    let count = i32::try_from(flights.len()).context("too many flights")?;
    let is_new = db::imports::note(&transaction, &name, count).await?;
    if options.once && !is_new {
        return command_line::print(&format!("{name} was imported before\n"));
    }
    let moved = db::airports::put(&transaction, &airports, options.replace_airports).await?;
    ensure!(
        moved.is_empty(),
        "airports.csv has other places or time zones than the schedule has for {}; flights that are there \
         already would have other local times. --replace-airports takes them nevertheless",
        joined(&moved)
    );
    insert(&transaction, flights).await?;
    db::schedule_version::raise(&transaction).await?;
    transaction.commit().await?;
    if later > 0 {
        command_line::print(&format!(
            "{name}: {later} flights depart later than in the file, because the clocks go forward then\n"
        ))?;
    }
    let seconds = started.elapsed().as_secs_f64();
    command_line::print(&format!(
        "{name}: {count} flights and {} airports imported in {seconds:.1} s\n",
        airports.len()
    ))
}

fn joined(airports: &[AirportCode]) -> String {
    let codes: Vec<&str> = airports.iter().map(AirportCode::as_str).collect();
    codes.join(", ")
}

/// The name under which an import is recorded: the directory's.
fn name_of(directory: &Path) -> anyhow::Result<String> {
    let path = directory
        .canonicalize()
        .with_context(|| format!("{} can't be read", directory.display()))?;
    let name = path.file_name().context("the directory has no name")?;
    Ok(name.to_string_lossy().into_owned())
}

/// Inserts the flights and their pools in chunks, in one transaction.
async fn insert(
    transaction: &deadpool_postgres::Transaction<'_>,
    flights: Vec<ImportedFlight>,
) -> anyhow::Result<()> {
    let total = flights.len();
    let bar = ProgressBar::new(u64::try_from(total)?).with_style(ProgressStyle::with_template(
        "{wide_bar} {pos} of {len} flights, {elapsed}",
    )?);
    let ids = db::flights::new_ids(transaction, i64::try_from(total)?).await?;
    let numbered: Vec<(FlightId, ImportedFlight)> = ids.into_iter().zip(flights).collect();
    for chunk in numbered.chunks(CHUNK_ROWS) {
        let pools = chunk.iter().map(|(id, imported)| NewPool {
            id: id.pool(),
            kind: POOL_KIND.to_owned(),
            capacity: imported.total_seats,
            already_sold: imported.already_booked,
            layout: imported.layout,
            starts_at: Some(imported.flight.departs_at),
        });
        inventory::create_pools(transaction, pools.collect()).await?;
        let rows: Vec<_> = chunk
            .iter()
            .map(|(id, imported)| (*id, imported.flight.clone()))
            .collect();
        if let Err(error) = db::flights::insert(transaction, &rows).await {
            bar.abandon();
            return Err(explained(error));
        }
        bar.inc(u64::try_from(chunk.len())?);
    }
    bar.finish_and_clear();
    Ok(())
}

/// Rewords a refusal of the database where the importer knows more.
fn explained(error: db::DbError) -> anyhow::Error {
    if let db::DbError::Query(query) = &error
        && let Some(refusal) = query.as_db_error()
        && *refusal.code() == SqlState::UNIQUE_VIOLATION
    {
        let detail = refusal.detail().unwrap_or_default();
        return anyhow::anyhow!("a flight is in the schedule already: {detail}");
    }
    error.into()
}
