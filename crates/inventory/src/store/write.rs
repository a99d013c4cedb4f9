//! Writes the changes of a batch: one statement, whatever it writes.
//!
//! The statement is composed of data-modifying CTEs, one for each kind of row that the batch writes, so a lone hold
//! pays for what it writes and nothing else. Its main query compares the versions of the pools with those that the
//! decision was made on (optimistic locking). Nothing else in the statement runs before: the CTEs that the main
//! query doesn't read run after it.

use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use tokio_postgres::Statement;
use tokio_postgres::error::DbError;
use tokio_postgres::types::ToSql;

use super::error::StoreError;
use super::parts::{Part, parts_of};
use crate::rows::{Parameter, RowStatement};
use crate::state::{PoolCount, StateDiff};

/// The database's clock may differ by this many seconds from the time that a batch was decided at.
const CLOCK_TOLERANCE_SECONDS: f64 = 1.0;

/// SQLSTATE of the function `require_current`: a pool or the clock is not what the batch was decided on.
const STALE: &str = "ST001";

/// The parameters before those of the parts: the time, the clock's tolerance, and how many pools are checked.
const FIRST_PARAMETERS: usize = 3;

/// A prepared statement with its parameters.
pub(crate) struct Write {
    statement: Statement,
    parameters: Vec<Parameter>,
}

/// The time at which a batch was decided.
#[derive(Clone, Copy, Debug)]
pub(crate) enum DecidedAt {
    /// Read from the database in the same transaction.
    Read(Timestamp),
    /// Told from an earlier reading; the statement compares it with the database's clock.
    Extrapolated(Timestamp),
}

impl DecidedAt {
    pub(crate) fn time(self) -> Timestamp {
        match self {
            Self::Read(time) | Self::Extrapolated(time) => time,
        }
    }
}

/// Prepares the statement for these changes. `unchanged` are the pools that were looked at and are not changed:
/// their versions are compared, too.
///
/// Nothing is written yet. Preparing may wait for the server.
pub(crate) async fn prepare(
    client: &impl GenericClient,
    changes: &StateDiff,
    unchanged: &[PoolCount],
    decided_at: DecidedAt,
) -> Result<Write, StoreError> {
    let checked = changes.pools.len() + unchanged.len();
    let tolerance = match decided_at {
        DecidedAt::Read(_) => None,
        DecidedAt::Extrapolated(_) => Some(CLOCK_TOLERANCE_SECONDS),
    };
    let mut parameters: Vec<Parameter> = vec![
        Box::new(decided_at.time()),
        Box::new(tolerance),
        Box::new(i64::try_from(checked).unwrap_or(i64::MAX)),
    ];
    let mut query = String::with_capacity(4096);
    let mut current = Vec::with_capacity(2);
    for Part {
        name,
        sql,
        has_one_row,
        is_check,
        parameters: of_part,
    } in parts_of(changes, unchanged)
    {
        query.push_str(if query.is_empty() { "WITH " } else { ", " });
        query.extend([name, " AS ("]);
        match sql.split_once("unnest(").filter(|_| has_one_row) {
            Some((before, rows)) => push_one_row(&mut query, before, rows, parameters.len()),
            None => push_numbered(&mut query, sql, parameters.len()),
        }
        query.push(')');
        if is_check {
            current.push(name);
        }
        parameters.extend(of_part);
    }
    query.push_str(" SELECT require_current(");
    for name in current {
        query.extend(["(SELECT count(*) FROM ", name, ") + "]);
    }
    query.push_str("0, $3, $1, $2)");
    Ok(Write {
        statement: client.prepare_cached(&query).await?,
        parameters,
    })
}

/// Appends SQL with one row of VALUES in place of `unnest(rows`.
fn push_one_row(query: &mut String, before: &str, rows: &str, parameters_before: usize) {
    let (columns, after) = rows.split_once(')').unwrap_or((rows, ""));
    push_numbered(query, before, parameters_before);
    query.push_str("(VALUES (");
    push_numbered(query, &columns.replace("[]", ""), parameters_before);
    query.push_str("))");
    push_numbered(query, after, parameters_before);
}

/// Appends SQL whose own parameters are numbered from `$4`, and numbers them on from those before.
fn push_numbered(query: &mut String, sql: &str, before: usize) {
    let mut pieces = sql.split('$');
    query.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = piece.split_at(digits);
        let number = match number.parse() {
            Ok(own) if own > FIRST_PARAMETERS => own - FIRST_PARAMETERS + before,
            Ok(shared) => shared,
            Err(_) => 0,
        };
        query.extend(["$", &number.to_string(), rest]);
    }
}

/// Prepares the rows of callers.
pub(crate) async fn prepare_rows(
    client: &impl GenericClient,
    rows: Vec<RowStatement>,
) -> Result<Vec<Write>, StoreError> {
    let mut writes = Vec::with_capacity(rows.len());
    for row in rows {
        writes.push(Write {
            statement: client.prepare_cached(row.sql).await?,
            parameters: row.parameters,
        });
    }
    Ok(writes)
}

impl Write {
    /// Writes the changes of a batch, and returns the database's time.
    pub(crate) async fn commit(
        &self,
        client: &impl GenericClient,
    ) -> Result<Timestamp, StoreError> {
        let row = client
            .query_one(&self.statement, &self.references())
            .await?;
        Ok(row.try_get(0)?)
    }

    /// Writes rows of callers.
    pub(crate) async fn execute(&self, client: &impl GenericClient) -> Result<(), StoreError> {
        client.execute(&self.statement, &self.references()).await?;
        Ok(())
    }

    fn references(&self) -> Vec<&(dyn ToSql + Sync)> {
        let parameters = self.parameters.iter();
        parameters
            .map(|parameter| parameter.as_ref() as _)
            .collect()
    }
}

/// Whether the statement was refused because what the batch was decided on has changed.
pub(crate) fn is_stale(error: &DbError) -> bool {
    error.code().code() == STALE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_on() {
        let mut query = String::new();
        push_numbered(&mut query, "VALUES ($4, $1, $13)", 7);
        assert_eq!(query, "VALUES ($8, $1, $17)");
    }

    #[test]
    fn one_row_is_a_row_of_values() {
        let mut query = String::new();
        let rows = "$4::uuid[], $5::text[]) AS new (id, name) WHERE name = $5";
        push_one_row(&mut query, "SELECT FROM ", rows, 7);
        let expected =
            "SELECT FROM (VALUES ($8::uuid, $9::text)) AS new (id, name) WHERE name = $9";
        assert_eq!(query, expected);
    }
}
