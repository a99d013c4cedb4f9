//! The share of updates that are heap-only (HOT): the row's next version is on its page, and no index changes.

use loadgen::console::line;
use loadgen::stats::as_number;
use local_servers::database::connect;
use local_servers::service::Service;
use test_stack::service_stack::ServiceStack;
use tokio_postgres::Client;

/// Updates of a table since its creation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Updates {
    pub all: u64,
    pub heap_only: u64,
}

/// A table with its partitions, if it has some.
const UPDATES: &str = "
    WITH tables AS (
        SELECT to_regclass($1)::oid AS relid
        UNION SELECT relid::oid FROM pg_partition_tree(to_regclass($1))
    )
    SELECT coalesce(sum(n_tup_upd), 0)::bigint, coalesce(sum(n_tup_hot_upd), 0)::bigint
    FROM pg_stat_user_tables JOIN tables USING (relid)";

/// Prints the share of each table, and returns that of all together. Without updates it is 1.
pub async fn share(
    stack: &ServiceStack,
    tables: &[(Service, &'static str)],
) -> anyhow::Result<f64> {
    let mut together = Updates::default();
    for (service, table) in tables {
        let client = connect(&stack.database_url(*service)).await?;
        let updates = Updates::of(&client, table).await?;
        line(format_args!(
            "{table}: {} of {} updates heap-only ({:.3})",
            updates.heap_only,
            updates.all,
            updates.share()
        ))?;
        together.all += updates.all;
        together.heap_only += updates.heap_only;
    }
    Ok(together.share())
}

impl Updates {
    /// The updates of a table and its partitions that the server has counted: a session's arrive within a second.
    pub async fn of(client: &Client, table: &str) -> anyhow::Result<Self> {
        let row = client.query_one(UPDATES, &[&table]).await?;
        let [all, heap_only] = [row.try_get::<_, i64>(0)?, row.try_get(1)?];
        Ok(Self {
            all: u64::try_from(all)?,
            heap_only: u64::try_from(heap_only)?,
        })
    }

    /// 1 without updates.
    #[must_use]
    pub fn share(self) -> f64 {
        if self.all == 0 {
            return 1.0;
        }
        as_number(self.heap_only) / as_number(self.all)
    }
}
