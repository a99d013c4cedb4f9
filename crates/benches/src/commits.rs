//! Durable commits by database, counted in the write-ahead log.
//!
//! `pg_stat_database` counts transactions that only read too. A commit record is in the log for each
//! transaction that wrote, and the other records of that transaction name its database.

use std::collections::BTreeMap;

use local_servers::database::connect;
use tokio_postgres::Client;

/// The write-ahead log of a PostgreSQL.
pub struct WriteAheadLog(Client);

/// A position in the write-ahead log (`pg_lsn`).
pub struct Position(String);

/// What was written from a position on.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// Transactions by database; those that touched no table, such as a `NOTIFY`, under the empty name.
    pub commits: BTreeMap<String, i64>,
    /// Length of the log.
    pub bytes: i64,
}

const COMMITS: &str = "
    WITH records AS MATERIALIZED (
        SELECT xid, resource_manager, record_type, block_ref
        FROM pg_get_wal_records_info($1::text::pg_lsn, $2::text::pg_lsn)
        WHERE xid::text <> '0'
    ), databases AS (
        SELECT DISTINCT ON (xid) xid, substring(block_ref FROM 'rel [0-9]+/([0-9]+)/')::oid AS oid
        FROM records WHERE block_ref LIKE '%rel %'
    )
    SELECT coalesce(datname::text, ''), count(*)
    FROM records LEFT JOIN databases USING (xid) LEFT JOIN pg_database USING (oid)
    WHERE resource_manager = 'Transaction' AND record_type LIKE 'COMMIT%'
    GROUP BY 1";

impl WriteAheadLog {
    /// The log of the server with this URL, whose user must be a superuser.
    pub async fn open(server_url: &str) -> anyhow::Result<Self> {
        let client = connect(server_url).await?;
        let extension = "CREATE EXTENSION IF NOT EXISTS pg_walinspect";
        client.batch_execute(extension).await?;
        Ok(Self(client))
    }

    /// The end of what is flushed.
    pub async fn position(&self) -> anyhow::Result<Position> {
        let query = "SELECT pg_current_wal_flush_lsn()::text";
        Ok(Position(self.0.query_one(query, &[]).await?.try_get(0)?))
    }

    pub async fn written(&self, from: &Position, to: &Position) -> anyhow::Result<Written> {
        let length = "SELECT pg_wal_lsn_diff($2::text::pg_lsn, $1::text::pg_lsn)::bigint";
        let bytes = self.0.query_one(length, &[&from.0, &to.0]).await?;
        let mut written = Written {
            bytes: bytes.try_get(0)?,
            ..Written::default()
        };
        if written.bytes > 0 {
            for row in self.0.query(COMMITS, &[&from.0, &to.0]).await? {
                written.commits.insert(row.try_get(0)?, row.try_get(1)?);
            }
        }
        Ok(written)
    }
}
