//! The SQL: reads and writes rows. [`crate::decide`] gives them their meaning.

mod ledger;
mod load;
mod read;
mod seats;
mod write;

pub(crate) use ledger::movements;
pub use ledger::{EnteredMovement, LedgerPlace};
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

/// Planner settings for a transaction: plan once per statement, use indexes. Each statement looks up some
/// hundreds of rows at most by key, but a plan for tables that have just grown, or have no statistics yet, may
/// scan them all.
pub(crate) const BY_KEYS: &str = "SET LOCAL plan_cache_mode = force_generic_plan; \
    SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; \
    SET LOCAL enable_mergejoin = off; SET LOCAL enable_hashagg = off";

/// Why rows could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The connection failed, or the statement was refused.
    #[error("a statement failed")]
    Database(#[from] tokio_postgres::Error),
    /// No connection could be had.
    #[error("the database can't be reached")]
    Pool(#[from] deadpool_postgres::PoolError),
    /// A stored value that this version never writes.
    #[error("{0} has an unknown value")]
    Unreadable(&'static str),
    /// The shared attempt that this caller waited for failed (single flight).
    #[error(transparent)]
    Shared(Arc<StoreError>),
}

/// Why pools could not be created.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// A pool is invalid or exists already.
    #[error("the pool can't be created")]
    Refused(#[from] Refusal),
    /// The pools can't be stored.
    #[error("the pools can't be stored")]
    Store(#[from] StoreError),
}

/// Creates many pools inside the caller's transaction, with the committer's decisions and SQL. For imports,
/// which write the rows that the pools belong to in the same transaction. No lock is needed, because nobody
/// else can see the pools yet.
///
/// # Errors
/// When a pool is invalid or exists already; the transaction must then be rolled back.
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
