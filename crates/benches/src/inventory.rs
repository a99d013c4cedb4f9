//! The inventory in this process, over a database of the benchmark's.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use domain::PoolId;
use futures_util::future::try_join_all;
use inventory::decide::SalesPolicy;
use inventory::{Command, Inventory, PoolChange, Settings};
use tokio_postgres::NoTls;

/// What never sells out.
pub const CAPACITY: i32 = 1_000_000_000;
/// As many as a service has.
const CONNECTIONS: usize = 16;
/// As long as a service waits.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(3);

/// Longer than a benchmark.
const PROOF_TIMEOUT: Duration = Duration::from_mins(1);

/// An inventory over a database, which ends when it is dropped. Without a gate: PostgreSQL decides.
///
/// # Errors
/// When the address is malformed.
pub fn start(url: &str) -> anyhow::Result<Arc<Inventory>> {
    let settings = Settings {
        sales: SalesPolicy::default(),
        commit_timeout: COMMIT_TIMEOUT,
        proof_timeout: PROOF_TIMEOUT,
    };
    let database = database(url)?;
    Ok(Inventory::start(database, None, settings, Arc::new(|_| {})))
}

/// Connections to it.
///
/// # Errors
/// When the address is malformed.
pub fn database(url: &str) -> anyhow::Result<Pool> {
    let config = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let manager = Manager::from_config(url.parse()?, NoTls, config);
    let pool = Pool::builder(manager)
        .max_size(CONNECTIONS)
        .runtime(Runtime::Tokio1);
    Ok(pool.build()?)
}

/// Gives each of these pools so many units: a schedule has flights of at most 1,000 seats, which load
/// sells out.
///
/// # Errors
/// When the database does not take it.
pub async fn enlarge(url: &str, pools: &[PoolId], capacity: i32) -> anyhow::Result<()> {
    let inventory = start(url)?;
    let resizes = pools.iter().map(|pool| {
        inventory.submit(Command::ChangePool(PoolChange {
            capacity: Some(capacity),
            ..PoolChange::of(*pool)
        }))
    });
    for resized in try_join_all(resizes).await? {
        resized?;
    }
    Ok(())
}
