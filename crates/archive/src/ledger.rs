//! Months of a ledger. A month moves whole, as a partition: its sums are added to `archived_sums`, from which the
//! re-count begins, and the proof goes on from its checkpoints as before.

use std::time::Duration;

use jiff::civil::Date;
use tokio::time::sleep;
use tokio_postgres::error::SqlState;

use crate::cutoff::Cutoff;
use crate::databases::Database;
use crate::error::ArchiveError;
use crate::report::Report;

/// A partition is detached under a lock that commits wait for: it is given up quickly, and tried again.
const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '100ms'";
const ATTEMPTS: u32 = 60;
const PAUSE: Duration = Duration::from_secs(1);

/// The months of the ledger that are over before a date, the oldest first.
const MONTHS: &str = "
    SELECT to_date(right(relname, 7), 'YYYY_MM')
    FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = 'public.ledger'::regclass AND relname ~ '^ledger_[0-9]{4}_[0-9]{2}$'
      AND to_date(right(relname, 7), 'YYYY_MM') < $1
    ORDER BY 1";

/// Whether the checkpoints cover all entries of a partition, and nothing contradicts itself.
const IS_PROVED: &str = "
    SELECT NOT EXISTS (SELECT FROM {partition} WHERE entered_at >= (SELECT covered_until FROM ledger_progress))
           AND NOT EXISTS (SELECT FROM proof_violations)";

const KEEP_SUMS: &str = "
    INSERT INTO archived_sums AS kept (pool_id, capacity, free, held, sold, adjusted)
    SELECT pool_id,
           sum(CASE 'issued' WHEN from_account THEN units WHEN to_account THEN -units ELSE 0 END),
           sum(CASE 'free' WHEN to_account THEN units WHEN from_account THEN -units ELSE 0 END),
           sum(CASE 'held' WHEN to_account THEN units WHEN from_account THEN -units ELSE 0 END),
           sum(CASE 'sold' WHEN to_account THEN units WHEN from_account THEN -units ELSE 0 END),
           coalesce(sum(CASE 'sold' WHEN to_account THEN units WHEN from_account THEN -units ELSE 0 END)
                    FILTER (WHERE reason IN ('adjust', 'create')), 0)
    FROM {partition} GROUP BY pool_id ORDER BY pool_id
    ON CONFLICT (pool_id) DO UPDATE
    SET capacity = kept.capacity + excluded.capacity, free = kept.free + excluded.free,
        held = kept.held + excluded.held, sold = kept.sold + excluded.sold,
        adjusted = kept.adjusted + excluded.adjusted";

/// Archives the months of a database's ledger that are over before the cutoff.
pub async fn archive(
    database: &mut Database,
    cutoff: Cutoff,
    is_dry: bool,
    report: &mut Report,
) -> Result<(), ArchiveError> {
    let fails = database.fails();
    let months = database.client.query(MONTHS, &[&cutoff.date()]).await;
    for row in months.map_err(fails)? {
        let month: Date = row.try_get(0).map_err(fails)?;
        let partition = format!("ledger_{:04}_{:02}", month.year(), month.month());
        let count = format!("SELECT count(*) FROM {partition}");
        let row = database
            .client
            .query_one(&count, &[])
            .await
            .map_err(fails)?;
        let rows: i64 = row.try_get(0).map_err(fails)?;
        if !is_dry {
            move_month(database, month, &partition).await?;
        }
        report.add(database.name, "ledger", rows.unsigned_abs());
    }
    Ok(())
}

async fn move_month(
    database: &mut Database,
    month: Date,
    partition: &str,
) -> Result<(), ArchiveError> {
    for _ in 0..ATTEMPTS {
        match try_move(database, month, partition).await {
            Err(ArchiveError::Database(_, error))
                if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) =>
            {
                sleep(PAUSE).await;
            }
            other => return other,
        }
    }
    Err(ArchiveError::InUse(database.name))
}

/// One transaction: the sums and the move, or neither.
async fn try_move(
    database: &mut Database,
    month: Date,
    partition: &str,
) -> Result<(), ArchiveError> {
    let (name, fails) = (database.name, database.fails());
    let transaction = database.client.transaction().await.map_err(fails)?;
    let is_proved = IS_PROVED.replace("{partition}", partition);
    let row = transaction
        .query_one(&is_proved, &[])
        .await
        .map_err(fails)?;
    if !row.try_get::<_, bool>(0).map_err(fails)? {
        return Err(ArchiveError::Unproved(name, month));
    }
    let keep_sums = KEEP_SUMS.replace("{partition}", partition);
    transaction.execute(&keep_sums, &[]).await.map_err(fails)?;
    let detach = format!(
        "CREATE SCHEMA IF NOT EXISTS archive;
         {LOCK_TIMEOUT};
         ALTER TABLE ledger DETACH PARTITION {partition};
         ALTER TABLE {partition} SET SCHEMA archive"
    );
    transaction.batch_execute(&detach).await.map_err(fails)?;
    transaction.commit().await.map_err(fails)
}
