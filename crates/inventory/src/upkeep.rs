//! What keeps the ledger provable and its tables small, in the background and beside the sales.

use std::time::Duration;

use service_core::background_tasks::BackgroundTasks;
use service_core::database::upkeep_pool;
use service_core::settings::DatabaseSettings;

use crate::partitions;
use crate::proof::{checkpoints, recount};

/// Time limit of a statement on the connections of these tasks: the longest counts a single pool's whole ledger.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(600);

/// Starts the tasks. Their connections are for them alone: neither sales nor proofs wait for them.
///
/// # Errors
/// When the settings can't make a pool.
pub fn start(
    settings: &DatabaseSettings,
    service: &str,
    tasks: &BackgroundTasks,
) -> anyhow::Result<()> {
    let database = upkeep_pool(settings, service, STATEMENT_TIMEOUT)?;
    let connections = database.clone();
    tasks.supervise("ledger_partitions", move |stop| {
        partitions::keep(connections.clone(), stop)
    });
    let connections = database.clone();
    tasks.supervise("ledger_checkpoints", move |stop| {
        checkpoints::keep(connections.clone(), stop)
    });
    tasks.supervise("ledger_recount", move |stop| {
        recount::keep(database.clone(), stop)
    });
    Ok(())
}
