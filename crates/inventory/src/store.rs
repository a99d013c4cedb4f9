//! The SQL: rows in, rows out. What they mean is decided in [`crate::decide`].

mod ledger;
mod load;
mod read;
mod seats;
mod write;

pub(crate) use ledger::movements;
pub use ledger::{EnteredMovement, LedgerPart, LedgerPlace};
pub(crate) use load::{Repeats, load};
pub use read::pool_counts;
pub(crate) use read::{LapsedHold, lapsed_holds, recorded_adjustments, recorded_holds};
pub(crate) use seats::seat_map;
pub use seats::{LiveSeat, SeatMap};
pub(crate) use write::{execute, prepare, prepare_rows};

use std::sync::Arc;

use deadpool_postgres::GenericClient;

use crate::command::{Command, NewPool};
use crate::decide::{SalesPolicy, decide};
use crate::state::State;
use crate::verdict::Refusal;

/// How the statements of a transaction are to be planned: each looks up some hundreds of rows at most by
/// their keys, while a plan for the average of tables that have just grown, or whose statistics are
/// missing, may read them whole.
pub(crate) const BY_KEYS: &str = "SET LOCAL plan_cache_mode = force_generic_plan; \
    SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; \
    SET LOCAL enable_mergejoin = off; SET LOCAL enable_hashagg = off";

/// Why rows could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database failed or refused.
    #[error("the database refused")]
    Database(#[from] tokio_postgres::Error),
    /// No connection could be had.
    #[error("the database can't be reached")]
    Pool(#[from] deadpool_postgres::PoolError),
    /// A stored value is not one that this crate writes.
    #[error("{0} has a value that was not written here")]
    Unreadable(&'static str),
    /// Somebody else's attempt, which this one waited for, failed.
    #[error(transparent)]
    Shared(Arc<StoreError>),
}

/// Why pools could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// A pool makes no sense.
    #[error("the pool can't be made")]
    Refused(#[from] Refusal),
    /// The pools can't be stored.
    #[error("the pools can't be stored")]
    Store(#[from] StoreError),
}

/// Makes many new pools inside the caller's transaction, by the committer's own decisions and SQL:
/// for imports, which add the rows that the pools belong to in the same transaction. No lock is
/// needed, because nobody else can see the pools yet.
///
/// # Errors
/// When a pool makes no sense or is there already; the transaction can't go on then.
pub async fn create_pools(
    transaction: &impl GenericClient,
    pools: Vec<NewPool>,
) -> Result<(), CreateError> {
    let now = load::database_time(transaction).await?;
    let commands: Vec<Command> = pools.into_iter().map(Command::Create).collect();
    let commands: Vec<&Command> = commands.iter().collect();
    let (verdicts, changes) = decide(State::default(), &commands, now, SalesPolicy::default());
    for verdict in verdicts {
        verdict?;
    }
    let writes = prepare(transaction, &changes, now).await?;
    execute(transaction, &writes).await?;
    Ok(())
}
