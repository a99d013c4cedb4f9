//! Group commit of a charge's two writes, its start and its end: a commit costs the disk as much for a
//! hundred rows as for one.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Client, Pool};
use jiff::Timestamp;
use service_core::database::on_connection;
use service_core::group_commit::{GroupCommit, Limits};
use tokio::time::Instant;

use super::error::PaymentError;
use crate::charge::Charge;
use crate::db::DbError;
use crate::db::charges::{self as table, Completion, NewCharge};

/// Rows per transaction: enough to spread the cost of a commit thin, few enough to take milliseconds.
const BATCH_LIMIT: usize = 256;

/// Longest wait of a row for its transaction to begin: as long as a request waits for a connection.
const WAIT_LIMIT: Duration = Duration::from_secs(2);

/// Time limit of a transaction, its connection included: a little above `statement_timeout`, so that the
/// database's own refusal comes first.
const WRITE_LIMIT: Duration = Duration::from_secs(6);

/// Clones share the queues.
#[derive(Clone, Debug)]
pub struct Writers {
    starts: GroupCommit<Arc<NewCharge>, Option<Charge>, DbError>,
    ends: GroupCommit<Arc<Completion>, Option<Timestamp>, DbError>,
}

impl Writers {
    /// Starts both writers on the current runtime. Queues are bounded by `max_running`: a running charge
    /// waits for at most one write.
    #[must_use]
    pub fn start(pool: &Pool, max_running: usize) -> Self {
        let limits = Limits {
            batch: BATCH_LIMIT,
            queue: max_running,
            wait: WAIT_LIMIT,
            linger: Duration::ZERO,
        };
        let starts = pool.clone();
        let ends = pool.clone();
        Self {
            starts: GroupCommit::start("charge_starts", limits, move |charges: Vec<_>| {
                let pool = starts.clone();
                async move { write(&pool, async |client| table::insert(client, &charges).await).await }
            }),
            ends: GroupCommit::start("charge_ends", limits, move |endings: Vec<_>| {
                let pool = ends.clone();
                async move { write(&pool, async |client| table::end(client, &endings).await).await }
            }),
        }
    }

    /// Records a charge, and answers after the commit; `None` if its key has a charge or a tombstone already.
    ///
    /// # Errors
    /// The charge was not recorded, or the commit's outcome is unknown.
    pub async fn record(&self, charge: NewCharge) -> Result<Option<Charge>, PaymentError> {
        Ok(self.starts.submit(Arc::new(charge)).await?)
    }

    /// Ends a running charge, and answers its end time after the commit; `None` if it had ended already.
    ///
    /// # Errors
    /// The charge was not ended, or the commit's outcome is unknown.
    pub async fn end(&self, ending: Completion) -> Result<Option<Timestamp>, PaymentError> {
        Ok(self.ends.submit(Arc::new(ending)).await?)
    }
}

/// Writes on a pooled connection, which is closed if it misses the time limit: a silent connection must not
/// stall the queue.
async fn write<T>(
    pool: &Pool,
    work: impl AsyncFnOnce(&Client) -> Result<T, DbError>,
) -> Result<T, DbError> {
    on_connection(pool, Instant::now() + WRITE_LIMIT, work).await
}
