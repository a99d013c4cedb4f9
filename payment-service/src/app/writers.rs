//! The two writes of every charge, its start and its end, shared with those of other charges: a commit
//! costs the disk as much for a hundred rows as for one.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Client, Pool};
use jiff::Timestamp;
use service_core::database::on_connection;
use service_core::group_commit::{BatchError, GroupCommit, Limits};
use tokio::time::Instant;

use super::PaymentError;
use crate::charge::Charge;
use crate::db::DbError;
use crate::db::charges::{self as table, Completion, NewCharge};

/// The most rows in one transaction: enough that a commit's cost is spread thin, few enough that it
/// takes milliseconds.
const BATCH_LIMIT: usize = 256;

/// How long a row may wait for its transaction to begin: as long as a request waits for a connection.
const WAIT_LIMIT: Duration = Duration::from_secs(2);

/// How long a transaction may take, its connection included: a little above the time limit of its statement,
/// so that the database's own refusal comes first.
const WRITE_LIMIT: Duration = Duration::from_secs(6);

/// Writes charges. Clones share the queues.
#[derive(Clone, Debug)]
pub struct Writers {
    starts: GroupCommit<Arc<NewCharge>, Option<Charge>, DbError>,
    ends: GroupCommit<Arc<Completion>, Option<Timestamp>, DbError>,
}

impl Writers {
    /// Starts to write to this database, on the current runtime. At most so many charges run at once,
    /// each of which waits for one write at most.
    #[must_use]
    pub fn start(pool: &Pool, max_running: usize) -> Self {
        let limits = Limits {
            batch: BATCH_LIMIT,
            queue: max_running,
            wait: WAIT_LIMIT,
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

    /// Records a charge, and answers after the commit; `None` when its key has a charge or a tombstone
    /// already.
    ///
    /// # Errors
    /// When it could not be recorded, or that is not known.
    pub async fn record(&self, charge: NewCharge) -> Result<Option<Charge>, PaymentError> {
        Ok(self.starts.submit(Arc::new(charge)).await?)
    }

    /// Ends a running charge, and answers when it did, after the commit; `None` when it had ended
    /// already.
    ///
    /// # Errors
    /// When it could not be ended, or that is not known.
    pub async fn end(&self, ending: Completion) -> Result<Option<Timestamp>, PaymentError> {
        Ok(self.ends.submit(Arc::new(ending)).await?)
    }
}

impl From<BatchError<DbError>> for PaymentError {
    fn from(error: BatchError<DbError>) -> Self {
        match error {
            BatchError::Busy | BatchError::Stopped => Self::TooBusy,
            BatchError::Failed(error) => Self::from(error),
            BatchError::Broken | BatchError::Panicked => Self::OutcomeUnknown,
        }
    }
}

/// Has some rows written on a connection, which is closed unless it answers in time: a silent one must
/// not hold up everybody.
async fn write<T>(
    pool: &Pool,
    work: impl AsyncFnOnce(&Client) -> Result<T, DbError>,
) -> Result<T, DbError> {
    on_connection(pool, Instant::now() + WRITE_LIMIT, work).await
}
