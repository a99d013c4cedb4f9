//! Rows that this version of a service can't read: a newer one beside it wrote them, or somebody by hand.
//! One of them must not keep the others from being worked on or listed.

use std::fmt::Display;
use std::sync::LazyLock;

use moka::sync::Cache;

/// How many rows are remembered as told.
const TOLD_MAX: u64 = 10_000;

static TOLD: LazyLock<Cache<String, ()>> = LazyLock::new(|| Cache::new(TOLD_MAX));

/// What was read; nothing where it can't be, which is counted, and told once for each row.
pub fn skipped<T, E: Display>(
    table: &'static str,
    id: impl Display,
    read: Result<T, E>,
) -> Option<T> {
    read.inspect_err(|error| {
        metrics::counter!("unreadable_rows_total", "table" => table).increment(1);
        let entry = TOLD.entry(format!("{table} {id}")).or_insert(());
        if entry.is_fresh() {
            tracing::error!(table, %id, %error, "a row can't be read: it is passed over");
        }
    })
    .ok()
}
