//! An inventory over a database of its own.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use deadpool_postgres::Pool;
use domain::sale_rules::SalesPolicy;
use domain::{HoldId, PoolId, SeatLayout, SeatNumber, Units};
use inventory::command::Direction;
use inventory::{
    Accepted, Command, Databases, Gate, HoldCommand, HoldView, Inventory, LegRequest, NewPool,
    Refusal, SeatChange, Settings, Until, create_pools,
};
use jiff::Timestamp;
use service_core::connections::Limits;
use service_core::database::set_up_for_commits;
use service_core::migrations::migrate;
use test_stack::{Servers, TestDatabase};
use tokio_postgres::{Client, Config};
use uuid::Uuid;

/// Longer than any outage in these tests.
pub const COMMIT_TIMEOUT: Duration = Duration::from_secs(10);

/// Time limit of a proof.
pub const PROOF_TIMEOUT: Duration = Duration::from_secs(5);

/// Time limit of a call to Redis.
pub const REDIS_TIMEOUT: Duration = Duration::from_millis(100);

pub struct Bench {
    pub database: TestDatabase,
    pub redis_url: String,
    pub key_prefix: String,
}

async fn migrated(url: &str) -> anyhow::Result<()> {
    migrate(&url.parse()?, vec![inventory::migrations()]).await
}

impl Bench {
    pub async fn new() -> anyhow::Result<Self> {
        let servers = Servers::shared().await?;
        Self::on(servers.database_url()).await
    }

    /// On a PostgreSQL server other than the shared one.
    pub async fn on(server_url: &str) -> anyhow::Result<Self> {
        let servers = Servers::shared().await?;
        Ok(Self {
            database: TestDatabase::create_on(server_url, "inventory", migrated).await?,
            redis_url: servers.redis_url().to_owned(),
            key_prefix: servers.unique_key_prefix(),
        })
    }

    pub fn pool(&self) -> anyhow::Result<Pool> {
        pool_of(self.database.url())
    }

    pub fn gate(&self, database: &Pool) -> anyhow::Result<Arc<Gate>> {
        gate(&self.redis_url, &self.key_prefix, database, REDIS_TIMEOUT)
    }

    /// A replica, with or without the gate.
    pub fn replica(&self, with_gate: bool) -> anyhow::Result<Arc<Inventory>> {
        let redis_url = with_gate.then_some(self.redis_url.as_str());
        self.replica_at(self.database.url(), redis_url, COMMIT_TIMEOUT)
    }

    /// A replica with these server addresses, which may be a proxy's.
    pub fn replica_at(
        &self,
        database_url: &str,
        redis_url: Option<&str>,
        commit_timeout: Duration,
    ) -> anyhow::Result<Arc<Inventory>> {
        let database = pool_of(database_url)?;
        let gate = redis_url
            .map(|url| gate(url, &self.key_prefix, &database, REDIS_TIMEOUT))
            .transpose()?;
        let databases = Databases {
            commits: commit_pool_of(database_url)?,
            ..database.into()
        };
        Ok(start(databases, gate, commit_timeout))
    }

    /// A direct connection, bypassing every proxy.
    pub async fn sql(&self) -> anyhow::Result<Client> {
        Ok(local_servers::database::connect(self.database.url()).await?)
    }

    /// Creates pools with these ids and capacities.
    pub async fn create(&self, pools: &[(i64, i32, Option<SeatLayout>)]) -> anyhow::Result<()> {
        let mut client = self.pool()?.get().await?;
        let transaction = client.transaction().await?;
        let pools = pools.iter().map(|(id, capacity, layout)| NewPool {
            id: PoolId(*id),
            kind: "flight_seats".to_owned(),
            capacity: *capacity,
            already_sold: 0,
            layout: *layout,
            starts_at: None,
        });
        create_pools(&transaction, pools.collect()).await?;
        transaction.commit().await?;
        Ok(())
    }
}

pub fn pool_of(database_url: &str) -> anyhow::Result<Pool> {
    pool(&database_url.parse()?)
}

/// With the session settings of commits.
fn commit_pool_of(database_url: &str) -> anyhow::Result<Pool> {
    let mut config = database_url.parse()?;
    set_up_for_commits(&mut config);
    pool(&config)
}

fn pool(config: &Config) -> anyhow::Result<Pool> {
    let limits = Limits {
        connect: COMMIT_TIMEOUT,
        read_timeout: COMMIT_TIMEOUT,
    };
    Ok(service_core::connections::pool(config, limits, 8)?)
}

pub fn start(
    databases: impl Into<Databases>,
    gate: Option<Arc<Gate>>,
    commit_timeout: Duration,
) -> Arc<Inventory> {
    let settings = Settings {
        sales: SalesPolicy::default(),
        commit_timeout,
        proof_timeout: PROOF_TIMEOUT,
    };
    Inventory::start(databases, gate, settings, Arc::new(|_| {}))
}

/// A gate whose Redis calls are each limited to this timeout.
pub fn gate(
    redis_url: &str,
    key_prefix: &str,
    database: &Pool,
    timeout: Duration,
) -> anyhow::Result<Arc<Gate>> {
    let redis = deadpool_redis::Config::from_url(redis_url)
        .create_pool(Some(deadpool_redis::Runtime::Tokio1))?;
    let client = deadpool_redis::redis::Client::open(redis_url)?;
    Ok(Gate::new(
        redis,
        client,
        database.clone(),
        key_prefix,
        "flight_seats",
        timeout,
    ))
}

/// Fails unless the proof holds; returns the summed counts of all pools.
pub async fn proved(inventory: &Inventory) -> anyhow::Result<(i64, i64, i64)> {
    let proof = inventory.prove().await?;
    anyhow::ensure!(proof.holds(), "{:?}", proof.violations);
    Ok((proof.free, proof.held, proof.sold))
}

pub fn units(count: i64) -> Units {
    count.try_into().unwrap_or(Units::ONE)
}

pub fn seats(text: &str) -> Vec<SeatNumber> {
    text.split_whitespace()
        .filter_map(|seat| seat.parse().ok())
        .collect()
}

/// A hold of `count` units on each pool.
pub fn hold(id: HoldId, pools: &[i64], count: i64, until: Until) -> anyhow::Result<Command> {
    let legs = pools.iter().map(|pool| LegRequest {
        pool: PoolId(*pool),
        units: units(count),
        seats: Vec::new(),
    });
    Ok(Command::Hold(HoldCommand::new(
        id,
        "owner".to_owned(),
        legs.collect(),
        until,
    )?))
}

/// A hold of named seats.
pub fn hold_seats(id: HoldId, pool: i64, names: &str, until: Until) -> anyhow::Result<Command> {
    let seats = seats(names);
    let units = Units::of_len(seats.len()).context("no seats")?;
    let leg = LegRequest {
        pool: PoolId(pool),
        units,
        seats,
    };
    Ok(Command::Hold(HoldCommand::new(
        id,
        "owner".to_owned(),
        vec![leg],
        until,
    )?))
}

/// A seat change.
pub fn change_seats(
    hold: HoldId,
    legs: &[(i64, &str)],
    until: Timestamp,
    number: i64,
) -> anyhow::Result<Command> {
    let legs = legs
        .iter()
        .map(|(pool, names)| (PoolId(*pool), seats(names)));
    let change = SeatChange::new(hold, legs.collect(), until, number)?;
    Ok(Command::ChangeSeats(change))
}

pub fn adjust(id: Uuid, pool: i64, count: i64, direction: Direction) -> Command {
    Command::Adjust {
        id,
        pool: PoolId(pool),
        units: units(count),
        direction,
    }
}

/// The accepted hold, or the refusal.
pub async fn held(
    inventory: &Inventory,
    command: Command,
) -> anyhow::Result<Result<HoldView, Refusal>> {
    match inventory.command(command).verdict().await? {
        Ok(Accepted::Hold(view)) => Ok(Ok(view)),
        Ok(other) => anyhow::bail!("answered {other:?}"),
        Err(refusal) => Ok(Err(refusal)),
    }
}
