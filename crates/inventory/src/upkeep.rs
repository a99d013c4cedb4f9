//! What keeps the ledger provable and its tables small, in the background and beside the sales.

use std::time::Duration;

use deadpool_postgres::Pool as Database;
use service_core::background_tasks::BackgroundTasks;

use crate::partitions;
use crate::proof::{checkpoints, recount};

/// Time limit of a statement on the connections of these tasks: the longest counts a single pool's whole ledger.
pub const STATEMENT_TIMEOUT: Duration = Duration::from_secs(600);

/// Starts the tasks. The connections are for them alone: neither sales nor proofs wait for them.
pub fn start(database: &Database, tasks: &BackgroundTasks) {
    let connections = database.clone();
    tasks.supervise("ledger_partitions", move |stop| {
        partitions::keep(connections.clone(), stop)
    });
    let connections = database.clone();
    tasks.supervise("ledger_checkpoints", move |stop| {
        checkpoints::keep(connections.clone(), stop)
    });
    let connections = database.clone();
    tasks.supervise("ledger_recount", move |stop| {
        recount::keep(connections.clone(), stop)
    });
}
