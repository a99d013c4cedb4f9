//! One round: customers and kills, then no more kills.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use futures_util::future::try_join_all;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use test_stack::wait_until;

use crate::caller::PATIENCE;
use crate::customers::Customer;
use crate::kills::Plan;
use crate::process::Part;
use crate::shows::Shows;
use crate::staff;
use crate::told::Told;
use crate::world::World;

const CUSTOMERS: u64 = 12;

/// Runs a round, and returns a summary.
pub async fn run(seed: u64) -> anyhow::Result<String> {
    let plan = Plan::new(seed, &mut StdRng::seed_from_u64(seed));
    let world = World::start(&plan).await?;
    match play(&world, seed, &plan).await {
        Ok(told) => {
            world.end().await?;
            Ok(told)
        }
        Err(error) => {
            let deaths = deaths(&world);
            let logs = world.end_with_logs().await?;
            Err(error.context(format!("{plan:?}\n{deaths}\nlogs in {logs}")))
        }
    }
}

async fn play(world: &World, seed: u64, plan: &Plan) -> anyhow::Result<String> {
    let shows = Shows::make(world).await?;
    let is_over = AtomicBool::new(false);
    let customers = async {
        let customers = (0..CUSTOMERS).map(|number| live(world, &shows, seed, number));
        let told = try_join_all(customers).await;
        is_over.store(true, Ordering::Relaxed);
        told
    };
    let (told, requeued, killed, flushed, audited) = tokio::join!(
        customers,
        staff::work(world, &is_over),
        kill(world, plan, &is_over),
        flush(world, plan, &is_over),
        audit(world, plan, &is_over)
    );
    let told: Vec<Told> = told?.into_iter().flatten().collect();
    let requeued = requeued.context("staff")?;
    killed?;
    flushed?;
    audited.context("in the midst of it")?;
    let verdict = world.at_peace().await?;
    let sql = world.sql().await?;
    for told in &told {
        told.check(&sql)
            .await
            .with_context(|| format!("{told:?}"))?;
    }
    requeued.check(&sql).await?;
    shows.check(world, &sql).await?;
    let bookings = &verdict.bookings;
    let requeued = requeued.count();
    Ok(format!(
        "{bookings:?}; {requeued} requeued; {}",
        deaths(world)
    ))
}

/// Runs one customer; returns the answers that must hold in the end.
async fn live(world: &World, shows: &Shows, seed: u64, number: u64) -> anyhow::Result<Vec<Told>> {
    let customer = Customer::arrive(world, shows, seed, number).await?;
    customer.live().await
}

/// Kills services after the planned numbers of answers.
async fn kill(world: &World, plan: &Plan, is_over: &AtomicBool) -> anyhow::Result<()> {
    for (answers, part) in &plan.killed_after {
        if !answered(world, *answers, is_over).await? {
            return Ok(());
        }
        world.service(*part).kill().await;
    }
    Ok(())
}

/// Flushes Redis after the planned number of answers.
async fn flush(world: &World, plan: &Plan, is_over: &AtomicBool) -> anyhow::Result<()> {
    match plan.flushed_after {
        Some(answers) if answered(world, answers, is_over).await? => world.flush_redis().await,
        _ => Ok(()),
    }
}

/// Reconciles the databases after the planned number of answers.
async fn audit(world: &World, plan: &Plan, is_over: &AtomicBool) -> anyhow::Result<()> {
    answered(world, plan.audited_after, is_over).await?;
    world.audit().await?;
    Ok(())
}

/// Waits for this number of answers; `false` if the round ends before.
async fn answered(world: &World, answers: usize, is_over: &AtomicBool) -> anyhow::Result<bool> {
    let so_many = || world.answers.load(Ordering::Relaxed) >= answers;
    wait_until("so many calls are answered", PATIENCE * 4, async || {
        so_many() || is_over.load(Ordering::Relaxed)
    })
    .await?;
    Ok(so_many())
}

/// The number of each service's deaths, and their crash points.
fn deaths(world: &World) -> String {
    let each = Part::ALL.map(|part| {
        let (deaths, steps) = world.service(part).deaths();
        format!("{part:?} died {deaths} times, at {steps:?}")
    });
    each.join("; ")
}
