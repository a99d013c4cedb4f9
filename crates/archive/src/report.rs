//! What was moved, or would be.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

/// Rows by table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows moved of each table, named with its database: `flights.holds`.
    pub rows: BTreeMap<String, u64>,
    /// Finished bookings older than the date that were left, because something of them is not over.
    pub left: u64,
}

impl Report {
    pub(crate) fn add(&mut self, database: &str, table: &str, rows: u64) {
        *self.rows.entry(format!("{database}.{table}")).or_default() += rows;
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (table, rows) in &self.rows {
            writeln!(f, "{table:<32} {rows:>12}")?;
        }
        write!(f, "{:<32} {:>12}", "finished bookings left", self.left)
    }
}
