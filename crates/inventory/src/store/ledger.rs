//! Reads a pool's ledger page by page.

use std::fmt::{self, Display, Formatter};
use std::num::ParseIntError;
use std::str::FromStr;

use deadpool_postgres::GenericClient;
use domain::PoolId;
use jiff::Timestamp;
use service_core::page::PageRequest;
use tokio_postgres::Row;
use uuid::Uuid;

use super::error::StoreError;

/// A place in a pool's ledger: a version and a line within it. As text it is `version.line`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LedgerPosition {
    /// The pool's version that the movement belongs to.
    pub version: i64,
    /// The movement's index within the version, from 0.
    pub line: i32,
}

impl Display for LedgerPosition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.version, self.line)
    }
}

impl FromStr for LedgerPosition {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        let (version, line) = text.split_once('.').unwrap_or((text, ""));
        Ok(Self {
            version: version.parse()?,
            line: line.parse()?,
        })
    }
}

/// A recorded movement of units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedMovement {
    /// Its position; the key of pagination.
    pub place: LedgerPosition,
    /// The account debited.
    pub from: String,
    /// The account credited.
    pub to: String,
    /// Above zero.
    pub units: i32,
    /// The kind of command.
    pub reason: String,
    /// The hold or adjustment that caused it; `None` for changes of the pool itself.
    pub cause: Option<Uuid>,
    /// Time of the batch.
    pub entered_at: Timestamp,
}

const COLUMNS: &str = "version, line, from_account, to_account, units, reason, cause, entered_at";

/// At most `limit` movements of a pool, in order.
pub(crate) async fn movements(
    client: &impl GenericClient,
    pool: PoolId,
    part: PageRequest<LedgerPosition>,
    limit: i64,
) -> Result<Vec<RecordedMovement>, StoreError> {
    let (comparison, order, place) = match part {
        PageRequest::First => (">", "ASC", LedgerPosition::default()),
        PageRequest::After(place) => (">", "ASC", place),
        PageRequest::Before(place) => ("<", "DESC", place),
    };
    let query = format!(
        "SELECT {COLUMNS} FROM ledger
         WHERE pool_id = $1 AND (version, line) {comparison} ($2, $3)
         ORDER BY version {order}, line {order} LIMIT $4"
    );
    let statement = client.prepare_cached(&query).await?;
    let rows = client
        .query(&statement, &[&pool.0, &place.version, &place.line, &limit])
        .await?;
    let mut movements = rows.iter().map(movement).collect::<Result<Vec<_>, _>>()?;
    movements.sort_by_key(|movement| movement.place);
    Ok(movements)
}

fn movement(row: &Row) -> Result<RecordedMovement, StoreError> {
    Ok(RecordedMovement {
        place: LedgerPosition {
            version: row.try_get("version")?,
            line: row.try_get("line")?,
        },
        from: row.try_get("from_account")?,
        to: row.try_get("to_account")?,
        units: row.try_get("units")?,
        reason: row.try_get("reason")?,
        cause: row.try_get("cause")?,
        entered_at: row.try_get("entered_at")?,
    })
}
