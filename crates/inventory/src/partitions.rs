//! The ledger's partitions, one a month, made ahead of time.
//!
//! A month that none was made for is in the default partition, so no sale ever fails for want of one; it can't be
//! archived then.

use std::time::Duration;

use deadpool_postgres::{Client, Pool as Database};
use service_core::connections::on_connection;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::store::StoreError;

/// How often it is looked whether a month is missing.
const INTERVAL: Duration = Duration::from_secs(3600);

/// Months made ahead: a service that is stopped for so long still finds its partition.
const MONTHS_AHEAD: i32 = 6;

/// A partition is attached under a lock that only readers of the whole ledger hold against it. Sales don't wait
/// for it; it waits so long for them and is tried again.
const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '2s'";

/// Time limit of making the partitions.
const TIMEOUT: Duration = Duration::from_secs(60);

const ADD: &str = "
    SELECT ledger_add_month((now() AT TIME ZONE 'UTC' + make_interval(months => $1))::date)";

/// Makes the partitions of this month and the next ones that are missing; returns how many.
///
/// # Errors
/// When the database fails, does not answer, or the ledger is being read for long.
pub async fn make_ahead(database: &Database) -> Result<usize, StoreError> {
    let retry_until = Instant::now() + TIMEOUT;
    on_connection(database, retry_until, async |client: &Client| {
        let mut made = 0;
        for ahead in 0..=MONTHS_AHEAD {
            let begin = format!("BEGIN; {LOCK_TIMEOUT}");
            client.batch_execute(&begin).await?;
            let is_new: bool = client.query_one(ADD, &[&ahead]).await?.try_get(0)?;
            client.batch_execute("COMMIT").await?;
            made += usize::from(is_new);
        }
        Ok(made)
    })
    .await
}

/// Makes partitions ahead until cancelled.
pub async fn keep(database: Database, stop: CancellationToken) {
    loop {
        let making = make_ahead(&database);
        match stop.run_until_cancelled(making).await {
            None => return,
            Some(Ok(0)) => {}
            Some(Ok(partitions)) => tracing::info!(partitions, "ledger partitions made ahead"),
            Some(Err(error)) => tracing::warn!(%error, "making ledger partitions failed"),
        }
        if stop.run_until_cancelled(sleep(INTERVAL)).await.is_none() {
            return;
        }
    }
}
