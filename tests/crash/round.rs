//! One round: customers, kills, and then peace.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, ensure};
use futures_util::future::try_join_all;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use stack::testing::wait_until;
use tokio_postgres::Client;

use crate::caller::PATIENCE;
use crate::customers::{Customer, Told, Which};
use crate::kills::Plan;
use crate::process::Part;
use crate::world::World;

const CUSTOMERS: u64 = 12;

/// Runs a round, and answers what happened in it.
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
    let is_over = AtomicBool::new(false);
    let customers = async {
        let customers = (0..CUSTOMERS).map(|number| Customer::new(world, seed, number).live());
        let told = try_join_all(customers).await;
        is_over.store(true, Ordering::Relaxed);
        told
    };
    let (told, killed, flushed, audited) = tokio::join!(
        customers,
        kill(world, plan, &is_over),
        flush(world, plan, &is_over),
        audit(world, plan, &is_over)
    );
    let told: Vec<Told> = told?.into_iter().flatten().collect();
    killed?;
    flushed?;
    audited.context("in the midst of it")?;
    let verdict = world.at_peace().await?;
    let sql = world.sql().await?;
    for told in &told {
        check(&sql, told)
            .await
            .with_context(|| format!("{told:?}"))?;
    }
    let bookings = &verdict.bookings;
    Ok(format!("{bookings:?}; {}", deaths(world)))
}

/// Kills services when so many calls were answered.
async fn kill(world: &World, plan: &Plan, is_over: &AtomicBool) -> anyhow::Result<()> {
    for (answers, part) in &plan.killed_after {
        if !answered(world, *answers, is_over).await? {
            return Ok(());
        }
        world.service(*part).kill().await;
    }
    Ok(())
}

/// Flushes Redis when so many calls were answered.
async fn flush(world: &World, plan: &Plan, is_over: &AtomicBool) -> anyhow::Result<()> {
    match plan.flushed_after {
        Some(answers) if answered(world, answers, is_over).await? => world.flush_redis().await,
        _ => Ok(()),
    }
}

/// Has everything audited when so many calls were answered.
async fn audit(world: &World, plan: &Plan, is_over: &AtomicBool) -> anyhow::Result<()> {
    answered(world, plan.audited_after, is_over).await?;
    world.audit().await?;
    Ok(())
}

/// Waits until so many calls were answered; false when there are no more.
async fn answered(world: &World, answers: usize, is_over: &AtomicBool) -> anyhow::Result<bool> {
    let so_many = || world.answers.load(Ordering::Relaxed) >= answers;
    wait_until("so many calls are answered", PATIENCE * 4, async || {
        so_many() || is_over.load(Ordering::Relaxed)
    })
    .await?;
    Ok(so_many())
}

/// What a customer was told for good is so.
async fn check(sql: &Client, told: &Told) -> anyhow::Result<()> {
    let row = match &told.which {
        Which::Booking(id) => {
            sql.query_one("SELECT shown FROM bookings WHERE id = $1", &[id])
                .await?
        }
        Which::Order(id) => {
            sql.query_one("SELECT shown FROM bookings WHERE hold_id = $1", &[id])
                .await?
        }
    };
    let shown: &str = row.try_get(0)?;
    ensure!(shown == told.status, "it is {shown}");
    Ok(())
}

/// How often each service died, and at which steps.
fn deaths(world: &World) -> String {
    let each = Part::ALL.map(|part| {
        let (deaths, steps) = world.service(part).deaths();
        format!("{part:?} died {deaths} times, at {steps:?}")
    });
    each.join("; ")
}
