//! Pools created in the transaction of a caller.

use deadpool_postgres::GenericClient;

use super::error::CreateError;
use super::load_locked::database_time;
use super::write::{DecidedAt, prepare};
use crate::command::{Command, NewPool};
use crate::decide::decide;
use crate::state::State;
use domain::sale_rules::SalesPolicy;

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
    let now = database_time(transaction).await?;
    let commands: Vec<Command> = pools.into_iter().map(Command::Create).collect();
    let commands: Vec<&Command> = commands.iter().collect();
    let mut state = State::default();
    let (verdicts, changes) = decide(&mut state, &commands, now, SalesPolicy::default());
    for verdict in verdicts {
        verdict?;
    }
    let write = prepare(transaction, &changes, &[], DecidedAt::Read(now)).await?;
    write.commit(transaction).await?;
    Ok(())
}
