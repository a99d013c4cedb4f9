//! Rows that this version can't read, because a newer version or a person wrote them. One such row must not
//! keep the others from being processed or listed.

use std::fmt::Display;
use std::sync::LazyLock;

use moka::sync::Cache;

/// How many rows are remembered as logged.
const TOLD_MAX: u64 = 10_000;

static TOLD: LazyLock<Cache<String, ()>> = LazyLock::new(|| Cache::new(TOLD_MAX));

/// The row; `None` if it can't be read, which is counted, and logged once per row.
pub fn skipped<T, E: Display>(
    table: &'static str,
    id: impl Display,
    read: Result<T, E>,
) -> Option<T> {
    read.inspect_err(|error| {
        metrics::counter!("unreadable_rows_total", "table" => table).increment(1);
        let entry = TOLD.entry(format!("{table} {id}")).or_insert(());
        if entry.is_fresh() {
            tracing::error!(table, %id, %error, "skipping unreadable row");
        }
    })
    .ok()
}
