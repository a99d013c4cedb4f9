//! Why a batch did not commit.

use deadpool_postgres::PoolError;
use service_core::group_commit::{BatchError, ItemFault};
use tokio_postgres::error::SqlState;

use crate::store::{StoreError, is_stale};
use crate::verdict::InventoryError;

/// The inventory's tables. A constraint on any other table concerns a caller's own rows.
const OWN_TABLES: [&str; 7] = [
    "pools",
    "holds",
    "hold_legs",
    "hold_expiries",
    "live_seats",
    "adjustments",
    "ledger",
];

/// Why a batch did not commit, or is not known to have committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A retry may succeed: a lock, a lost connection.
    #[error("the database can't answer now: {0}")]
    Again(String),
    /// Another replica has changed what the batch was decided on.
    #[error("a pool has changed: {0}")]
    Stale(String),
    /// Locks are needed to decide the batch: an id is recorded already, or a hold has lapsed.
    #[error("not without locks: {0}")]
    NeedsLocks(String),
    /// The database rejected the data.
    #[error("the database rejected a command: {0}")]
    Data(String),
    /// A constraint on a caller's own rows refused them. Has the constraint's name.
    #[error("{0} refuses a row")]
    Conflict(String),
}

impl ItemFault for CommitError {
    fn is_item_fault(&self) -> bool {
        !self.may_pass()
    }
}

impl CommitError {
    /// Whether the same batch may be committed if it is tried again.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Again(_) | Self::Stale(_) | Self::NeedsLocks(_))
    }
}

impl From<BatchError<CommitError>> for InventoryError {
    fn from(error: BatchError<CommitError>) -> Self {
        match error {
            BatchError::Busy => Self::Busy,
            BatchError::Stopped => Self::Unavailable("the committer has stopped".to_owned()),
            BatchError::Panicked | BatchError::WrongResultCount => Self::Broken(error.to_string()),
            BatchError::Failed(error) => match &*error {
                CommitError::Again(reason)
                | CommitError::Stale(reason)
                | CommitError::NeedsLocks(reason) => Self::Unavailable(reason.clone()),
                CommitError::Data(reason) => Self::Broken(reason.clone()),
                CommitError::Conflict(key) => Self::Conflict(key.clone()),
            },
        }
    }
}

impl From<PoolError> for CommitError {
    fn from(error: PoolError) -> Self {
        StoreError::from(error).into()
    }
}

impl From<StoreError> for CommitError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Database(error) => error.into(),
            StoreError::Pool(error) => Self::Again(error.to_string()),
            StoreError::Unreadable(_) | StoreError::Shared(_) => Self::Data(error.to_string()),
        }
    }
}

impl From<tokio_postgres::Error> for CommitError {
    fn from(error: tokio_postgres::Error) -> Self {
        let is_passing = service_core::connections::is_transient(&error);
        let Some(database) = error.as_db_error() else {
            let text = error.to_string();
            return if is_passing {
                Self::Again(text)
            } else {
                Self::Data(text)
            };
        };
        let code = database.code();
        // The id is recorded, or two replicas got it at once. On a retry, its row is found.
        let same_id = *code == SqlState::UNIQUE_VIOLATION
            && matches!(
                database.constraint(),
                Some("holds_pkey" | "adjustments_pkey" | "pools_pkey")
            );
        let text = database.to_string();
        if is_stale(database) {
            return Self::Stale(text);
        }
        if same_id {
            return Self::NeedsLocks(text);
        }
        if is_passing {
            return Self::Again(text);
        }
        let is_constraint = [
            SqlState::UNIQUE_VIOLATION,
            SqlState::FOREIGN_KEY_VIOLATION,
            SqlState::CHECK_VIOLATION,
        ]
        .contains(code);
        // The ledger's partitions are named after it.
        let is_own = |table: &str| OWN_TABLES.contains(&table) || table.starts_with("ledger_");
        match database.constraint() {
            Some(key) if is_constraint && !database.table().is_some_and(is_own) => {
                Self::Conflict(key.to_owned())
            }
            _ => Self::Data(text),
        }
    }
}
