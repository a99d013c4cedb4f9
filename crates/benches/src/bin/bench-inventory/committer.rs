//! The committer in this process, without a gate: the rate of its batches.
//!
//! As in a service, the committer runs on the program's runtime, and its callers on other threads.

use std::sync::Arc;

use anyhow::ensure;
use benches::inventory::{CAPACITY, database, start};
use benches::oversell_check::{GRANTED, check_taken, unclear};
use domain::{HoldId, PoolId, Units};
use inventory::{HoldCommand, Inventory, InventoryError, LegRequest, NewPool, Until};
use loadgen::console::line;
use loadgen::load::{self, Plan};
use loadgen::stats::{Outcome, Report};
use local_servers::database::connect;

/// Pools of the spread load.
pub const SPREAD_POOLS: i64 = 10_000;

/// The hot pool is 1; spread load goes to the others, from 2 on.
const HOT: i64 = 1;

/// The inventory, and how many units were granted.
pub struct Committer {
    url: String,
    granted: u64,
    unclear: u64,
}

impl Committer {
    /// Creates the tables and the pools.
    pub async fn prepare(url: String) -> anyhow::Result<Self> {
        let mut client = connect(&url).await?;
        let mut migrations = inventory::migrations();
        migrations
            .runner
            .set_migration_table_name(migrations.history_table)
            .run_async(&mut client)
            .await?;
        let pools = (HOT..=HOT + SPREAD_POOLS).map(|id| NewPool {
            id: PoolId(id),
            kind: "bench".to_owned(),
            capacity: if id == HOT { CAPACITY } else { CAPACITY / 1000 },
            already_sold: 0,
            layout: None,
            starts_at: None,
        });
        let database = database(&url)?;
        let mut client = database.get().await?;
        let transaction = client.transaction().await?;
        inventory::create_pools(&transaction, pools.collect()).await?;
        transaction.commit().await?;
        Ok(Self {
            url,
            granted: 0,
            unclear: 0,
        })
    }

    /// Holds of one unit each, on the hot pool or on random ones of so many pools.
    pub async fn hold(&mut self, plan: Plan, pools: i64) -> anyhow::Result<Report> {
        let inventory = start(&self.url)?;
        let report = load::run(plan, async move |_| {
            let inventory = Arc::clone(&inventory);
            Ok::<_, std::convert::Infallible>(async move |_| {
                let pool = match pools {
                    1 => HOT,
                    _ => HOT + rand::random_range(1..=pools),
                };
                outcome_of_hold(&inventory, PoolId(pool)).await
            })
        })
        .await?;
        self.granted += report.tally().total(GRANTED);
        self.unclear += unclear(&report);
        Ok(report)
    }

    /// Fails unless the ledger balances, and the units held are the units granted.
    pub async fn prove(&self) -> anyhow::Result<String> {
        let proof = start(&self.url)?.prove().await?;
        for violation in proof.violations.iter().take(10) {
            line(format_args!("pool {}: {}", violation.pool, violation.what))?;
        }
        ensure!(proof.holds(), "the ledger does not add up");
        ensure!(proof.sold == 0, "{} units are sold", proof.sold);
        check_taken("committer", proof.held, self.granted, self.unclear)
    }
}

async fn outcome_of_hold(inventory: &Inventory, pool: PoolId) -> Outcome {
    let leg = LegRequest {
        pool,
        units: Units::ONE,
        seats: Vec::new(),
    };
    let owner = "bench".to_owned();
    let Ok(hold) = HoldCommand::new(HoldId::generate(), owner, vec![leg], Until::Pinned) else {
        return Outcome::Named("malformed");
    };
    match inventory.hold(hold).send().await {
        Ok(_) => GRANTED,
        Err(InventoryError::Refused(refusal)) => {
            Outcome::Named(refusal.code().known_text().unwrap_or("refused"))
        }
        Err(InventoryError::Busy) => Outcome::Named("busy"),
        Err(_) => Outcome::Broken,
    }
}
