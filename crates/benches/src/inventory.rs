//! The inventory in this process, over a database of the benchmark's.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use domain::PoolId;
use domain::sale_rules::SalesPolicy;
use futures_util::future::try_join_all;
use inventory::{Command, Inventory, PoolChange, Settings};
use tokio_postgres::NoTls;

/// Never sells out.
pub const CAPACITY: i32 = 1_000_000_000;
/// A service's default.
const CONNECTIONS: usize = 16;
/// A service's default.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(3);

const PROOF_TIMEOUT: Duration = Duration::from_mins(1);

/// An inventory without a gate, so that PostgreSQL decides everything. It ends when dropped.
pub fn start(url: &str) -> anyhow::Result<Arc<Inventory>> {
    let settings = Settings {
        sales: SalesPolicy::default(),
        commit_timeout: COMMIT_TIMEOUT,
        proof_timeout: PROOF_TIMEOUT,
    };
    let database = database(url)?;
    Ok(Inventory::start(database, None, settings, Arc::new(|_| {})))
}

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

/// Sets the capacity of these pools. Flights of a schedule have at most 1,000 seats, which a load would sell
/// out.
pub async fn enlarge(url: &str, pools: &[PoolId], capacity: i32) -> anyhow::Result<()> {
    let inventory = start(url)?;
    let resizes = pools.iter().map(|pool| {
        inventory
            .command(Command::ChangePool(PoolChange {
                capacity: Some(capacity),
                ..PoolChange::of(*pool)
            }))
            .verdict()
    });
    for resized in try_join_all(resizes).await? {
        resized?;
    }
    Ok(())
}
