//! The inventory in this process, over a database of the benchmark's.

use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use domain::PoolId;
use domain::sale_rules::SalesPolicy;
use inventory::{Databases, Inventory, Settings};
use local_servers::database::connect;
use service_core::database::set_up_for_commits;
use tokio_postgres::{Config, NoTls};

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
    let mut commits = url.parse()?;
    set_up_for_commits(&mut commits);
    let databases = Databases {
        commits: pool(commits)?,
        ..database.into()
    };
    Ok(Inventory::start(
        databases,
        None,
        settings,
        Arc::new(|_| {}),
    ))
}

pub fn database(url: &str) -> anyhow::Result<Pool> {
    pool(url.parse()?)
}

fn pool(connections: Config) -> anyhow::Result<Pool> {
    let config = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let manager = Manager::from_config(connections, NoTls, config);
    let pool = Pool::builder(manager)
        .max_size(CONNECTIONS)
        .runtime(Runtime::Tokio1);
    Ok(pool.build()?)
}

/// Adds so many units to each pool, in a database that no service uses yet. Flights of a schedule have at most
/// 1,000 seats, which a load would sell out.
///
/// In SQL, because the services may be another version than this program, with another schema.
pub async fn enlarge(url: &str, pools: &[PoolId], units: i32) -> anyhow::Result<()> {
    const ENLARGE: &str = "
        WITH enlarged AS (
            UPDATE pools SET capacity = capacity + $2, free = free + $2, version = version + 1,
                updated_at = clock_timestamp()
            WHERE id = ANY ($1) RETURNING id, version, updated_at
        )
        INSERT INTO ledger (pool_id, version, line, from_account, to_account, units, reason, entered_at)
        SELECT id, version, 0, 'issued', 'free', $2, 'resize', updated_at FROM enlarged";
    let ids: Vec<i64> = pools.iter().map(|pool| pool.0).collect();
    let enlarged = connect(url)
        .await?
        .execute(ENLARGE, &[&ids, &units])
        .await?;
    ensure!(
        enlarged == u64::try_from(ids.len())?,
        "{enlarged} of {} pools were enlarged",
        ids.len()
    );
    Ok(())
}
