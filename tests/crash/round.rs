//! One round: customers while services are killed, and what is left of it when nothing breaks any more.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use futures_util::future::try_join_all;
use local_servers::service::Service;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use test_stack::wait_until;

use crate::customers::Customer;
use crate::events::Events;
use crate::faults::FaultPlan;
use crate::observations::Observation;
use crate::staff::{self, ANSWERED_WITHIN};
use crate::world::World;

const CUSTOMERS: u64 = 12;

/// Runs a round, and answers what happened in it.
pub async fn run(seed: u64) -> anyhow::Result<String> {
    let plan = FaultPlan::new(seed, &mut StdRng::seed_from_u64(seed));
    let world = World::start(&plan).await?;
    match play(&world, seed, &plan).await {
        Ok(summary) => {
            world.end().await?;
            Ok(summary)
        }
        Err(error) => {
            let deaths = deaths(&world);
            let logs = world.end_with_logs().await?;
            Err(error.context(format!("{plan:?}\n{deaths}\nlogs in {logs}")))
        }
    }
}

async fn play(world: &World, seed: u64, plan: &FaultPlan) -> anyhow::Result<String> {
    let events = Events::make(world).await?;
    let is_over = AtomicBool::new(false);
    let customers = async {
        let customers = (0..CUSTOMERS).map(|number| live(world, &events, seed, number));
        let observed = try_join_all(customers).await;
        is_over.store(true, Ordering::Relaxed);
        observed
    };
    let (observed, requeued, killed, flushed, audited) = tokio::join!(
        customers,
        staff::work(world, &is_over),
        kill(world, plan, &is_over),
        flush(world, plan, &is_over),
        audit(world, plan, &is_over)
    );
    let observations: Vec<Observation> = observed?.into_iter().flatten().collect();
    let requeued = requeued.context("staff")?;
    killed?;
    flushed?;
    audited.context("in the midst of it")?;
    let verdict = world.quiesce().await?;
    let sql = world.sql().await?;
    for observation in &observations {
        let checked = observation.check(&sql).await;
        checked.with_context(|| format!("{observation:?}"))?;
    }
    requeued.check(&sql).await?;
    events.check(world, &sql).await?;
    let bookings = &verdict.bookings;
    let requeued = requeued.count();
    Ok(format!(
        "{bookings:?}; {requeued} requeued; {}",
        deaths(world)
    ))
}

/// A customer's life; what they have observed.
async fn live(
    world: &World,
    events: &Events,
    seed: u64,
    number: u64,
) -> anyhow::Result<Vec<Observation>> {
    let customer = Customer::arrive(world, events, seed, number).await?;
    customer.live().await
}

/// Kills services when so many calls were answered.
async fn kill(world: &World, plan: &FaultPlan, is_over: &AtomicBool) -> anyhow::Result<()> {
    for (answers, service) in &plan.killed_after {
        if !answered(world, *answers, is_over).await? {
            return Ok(());
        }
        world.service(*service).kill().await;
    }
    Ok(())
}

/// Flushes Redis when so many calls were answered.
async fn flush(world: &World, plan: &FaultPlan, is_over: &AtomicBool) -> anyhow::Result<()> {
    match plan.flushed_after {
        Some(answers) if answered(world, answers, is_over).await? => world.flush_redis().await,
        _ => Ok(()),
    }
}

/// Has everything audited when so many calls were answered.
async fn audit(world: &World, plan: &FaultPlan, is_over: &AtomicBool) -> anyhow::Result<()> {
    answered(world, plan.audited_after, is_over).await?;
    world.audit().await?;
    Ok(())
}

/// Waits for this number of answers; `false` if the round ends before.
async fn answered(world: &World, answers: usize, is_over: &AtomicBool) -> anyhow::Result<bool> {
    let so_many = || world.answers.load(Ordering::Relaxed) >= answers;
    wait_until("so many calls are answered", ANSWERED_WITHIN, async || {
        so_many() || is_over.load(Ordering::Relaxed)
    })
    .await?;
    Ok(so_many())
}

/// The number of each service's deaths, and their crash points.
fn deaths(world: &World) -> String {
    let each = Service::ALL.map(|service| {
        let (deaths, steps) = world.service(service).deaths();
        format!("{service:?} died {deaths} times, at {steps:?}")
    });
    each.join("; ")
}
