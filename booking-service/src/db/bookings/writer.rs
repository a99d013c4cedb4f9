//! Group commit of booking writes: what waits while one batch commits is the next batch.

use std::time::Duration;

use deadpool_postgres::{Client, Pool};
use service_core::database::on_connection;
use service_core::group_commit::{BatchError, GroupCommit, ItemFault, Limits};
use tokio::time::Instant;

use crate::db::DbError;
use crate::db::bookings::{self, Change, Insertion};
use crate::model::booking::Booking;

/// A batch is large enough to spread the cost of a commit and small enough to take milliseconds. The queue
/// holds 32 batches, less than a second's work.
const LIMITS: Limits = Limits {
    batch: 128,
    queue: 4096,
    wait: Duration::from_secs(2),
    linger: Duration::ZERO,
};

/// How long work that only tidies up after an answer waits for more of its kind: enough to share a commit even
/// among the few bookings of a quiet time, and less than anybody notices in a seat map.
pub const LINGER: Duration = Duration::from_millis(20);

/// Time limit of a batch, connection included: slightly above its statement timeout, so that the database's
/// own error comes first. A connection that has not answered by then is closed.
const WRITE_LIMIT: Duration = Duration::from_secs(6);

/// Clones share one queue.
#[derive(Clone)]
pub struct Writer {
    database: Pool,
    added: GroupCommit<Insertion, Option<Booking>, DbError>,
    changed: GroupCommit<Change, Option<Booking>, DbError>,
    changed_later: GroupCommit<Change, Option<Booking>, DbError>,
}

impl ItemFault for DbError {
    fn is_item_fault(&self) -> bool {
        match self {
            Self::Query(error) => error.is_item_fault(),
            Self::Unreadable(_) | Self::NewPool(_) | Self::Taken(_) => true,
            Self::Pool(_) | Self::Unwritten(_) | Self::BrokenOff | Self::Busy => false,
        }
    }
}

impl From<BatchError<Self>> for DbError {
    fn from(error: BatchError<Self>) -> Self {
        match error {
            BatchError::Busy | BatchError::Stopped => Self::Busy,
            BatchError::Failed(error) => Self::Unwritten(error),
            BatchError::WrongResultCount | BatchError::Panicked => Self::BrokenOff,
        }
    }
}

impl Writer {
    /// Spawns its tasks on the current runtime.
    #[must_use]
    pub fn start(database: Pool) -> Self {
        let (adding, changing) = (database.clone(), database.clone());
        let add = move |insertions: Vec<Insertion>| {
            let database = adding.clone();
            async move {
                let add = async |client: &Client| bookings::insert(client, &insertions).await;
                on_connection(&database, Instant::now() + WRITE_LIMIT, add).await
            }
        };
        let change = move |changes: Vec<Change>| {
            let database = changing.clone();
            async move {
                let change = async |client: &Client| bookings::update(client, &changes).await;
                on_connection(&database, Instant::now() + WRITE_LIMIT, change).await
            }
        };
        let lingering = Limits {
            linger: LINGER,
            ..LIMITS
        };
        Self {
            database,
            added: GroupCommit::start("bookings_added", LIMITS, add),
            changed: GroupCommit::start("bookings_changed", LIMITS, change.clone()),
            changed_later: GroupCommit::start("bookings_changed_later", lingering, change),
        }
    }

    /// `None` if the key or hold has a booking already.
    pub async fn add(&self, insertion: Insertion) -> Result<Option<Booking>, DbError> {
        Ok(self.added.submit(insertion).await?)
    }

    /// `None` if the version had changed.
    pub async fn save(&self, change: Change) -> Result<Option<Booking>, DbError> {
        Ok(self.changed.submit(change).await?)
    }

    /// Like [`Self::save`] where nobody waits for the commit: after [`LINGER`], together with others.
    pub async fn save_later(&self, change: Change) -> Result<Option<Booking>, DbError> {
        Ok(self.changed_later.submit(change).await?)
    }

    /// Like [`Self::save`], with the seats of its legs; not batched.
    pub async fn save_seats(
        &self,
        booking: Booking,
        lease: Duration,
    ) -> Result<Option<Booking>, DbError> {
        bookings::update_with_seats(&self.database, booking, lease).await
    }
}
