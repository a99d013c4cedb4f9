//! The archive's tables: of the same shape as those they are filled from, and `month`, by which they are
//! partitioned. A booking's rows are in the month of the booking, in all three databases, so that they are
//! dropped together.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::databases::Database;
use crate::error::ArchiveError;

/// Makes these tables and their partitions of these months, where they are missing.
pub async fn make(
    database: &Database,
    tables: &[&str],
    months: &BTreeSet<Date>,
) -> Result<(), ArchiveError> {
    let fails = database.fails();
    let mut make = "CREATE SCHEMA IF NOT EXISTS archive;".to_owned();
    for table in tables {
        make.push_str(&format!(
            "CREATE TABLE IF NOT EXISTS archive.{table} (LIKE public.{table}, month date NOT NULL)
             PARTITION BY LIST (month);"
        ));
        for month in months {
            let (year, number) = (month.year(), month.month());
            make.push_str(&format!(
                "CREATE TABLE IF NOT EXISTS archive.{table}_{year:04}_{number:02}
                 PARTITION OF archive.{table} FOR VALUES IN ('{month}');"
            ));
        }
    }
    database.client.batch_execute(&make).await.map_err(fails)
}
