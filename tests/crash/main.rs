//! The three services as processes that are killed at any of their crash points, while customers book, change
//! seats and pay, and staff requeue failed payments. Afterwards everything reaches its end, and adds up.
//!
//! `HOLDFAST_CRASH_ROUNDS` is the number of rounds (6), `HOLDFAST_CRASH_SEED` the first seed (random). A
//! round's seed decides its customers' actions and its kills; a failed round is repeated by its seed and one
//! round. The interleaving of processes is not determined by it.

mod cluster;
mod customers;
#[path = "../shared/databases.rs"]
mod databases;
mod events;
mod faults;
mod freeze;
mod observations;
mod pair;
#[path = "../shared/process.rs"]
mod process;
mod read_only;
mod replicas;
mod round;
mod service;
mod settings;
mod silence;
mod slow_provider;
mod staff;
mod versions;
mod world;

use std::env;
use std::io::Write as _;

use anyhow::Context as _;
use futures_util::stream::{self, StreamExt as _};
use test_stack::Servers;
use tokio::{runtime, task};

/// Few enough for each change; successive rounds cover all crash points.
const ROUNDS: u64 = 6;

/// Rounds mostly wait: for leases, deadlines and starting services.
const ROUNDS_AT_ONCE: usize = 3;

#[tokio::test]
async fn killed_services_lose_nothing_and_finish_everything() -> anyhow::Result<()> {
    let asked_for = number("HOLDFAST_CRASH_ROUNDS")?;
    let rounds = asked_for.unwrap_or(ROUNDS);
    let first = match number("HOLDFAST_CRASH_SEED")? {
        Some(seed) => seed,
        None => u64::from(rand::random::<u32>()),
    };
    // Started here, because they must outlive the round that would start them.
    Servers::shared().await?;
    let mut running = stream::iter((0..rounds).map(|round| first.wrapping_add(round)))
        .map(|seed| async move {
            let summary = task::spawn_blocking(move || round(seed)).await?;
            let summary = summary.with_context(|| {
                format!("seed {seed}: HOLDFAST_CRASH_SEED={seed} HOLDFAST_CRASH_ROUNDS=1")
            });
            match &summary {
                Ok(summary) if asked_for.is_some() => say(&format!("seed {seed}: {summary}"))?,
                Ok(_) => {}
                Err(error) => say(&format!("{error:#}"))?,
            }
            summary
        })
        .buffer_unordered(ROUNDS_AT_ONCE);
    let mut failures = Vec::new();
    while let Some(outcome) = running.next().await {
        failures.extend(outcome.err().map(|error| format!("{error:#}")));
    }
    anyhow::ensure!(failures.is_empty(), "{}", failures.join("\n\n"));
    Ok(())
}

/// Runs a round on a runtime of its own, so that blocking it does not affect others.
fn round(seed: u64) -> anyhow::Result<String> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(round::run(seed))
}

/// Prints a line of progress.
fn say(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

fn number(variable: &str) -> anyhow::Result<Option<u64>> {
    let text = env::var(variable).ok().filter(|text| !text.is_empty());
    text.map(|text| text.parse())
        .transpose()
        .with_context(|| format!("{variable} is not a number"))
}
