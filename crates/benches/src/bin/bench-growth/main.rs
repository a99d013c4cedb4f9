//! `bench-growth`: what a long history costs, on this machine.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`sizes`] | how much history, and whether the disk has room for it |
//! | [`fill`] | fills the tables with it |
//! | [`setup`] | a stack with a history: its servers and its proof |
//! | [`probes`] | the measured requests |
//! | [`starts`] | the starts of the services |
//! | [`results`] | the table and the ratios |
//!
//! Stacks of equal flights to come, one with next to no history and others with a long one, are measured in
//! turn: the ledger's proof, a hold, a paid booking, the lists, the operations pages, the starts of the
//! services. What they take with a long history is divided by what they take without.
//!
//! Everything runs on this machine, and ends with this process.

mod fill;
mod probes;
mod results;
mod setup;
mod sizes;
mod starts;

use std::process::ExitCode;

use loadgen::console::line;
use test_stack::background_load::BackgroundLoad;

use benches::numbers::print_background_load;

use crate::results::Results;
use crate::setup::Stack;
use crate::sizes::{SizeArguments, Sizes};

#[derive(clap::Args)]
struct GrowthArguments {
    #[command(flatten)]
    sizes: SizeArguments,
    /// Rounds over all requests; the median counts
    #[arg(long, default_value_t = 5, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(1..=20))]
    rounds: u8,
    /// Requests of each kind in a round; the median counts
    #[arg(long, default_value_t = 50, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1000))]
    requests: u16,
}

fn main() -> ExitCode {
    benches::program::main(
        "bench-growth",
        "Measures what a long history costs",
        measure,
    )
}

async fn measure(arguments: GrowthArguments) -> anyhow::Result<()> {
    let sizes = arguments.sizes.within_disk()?;
    let mut stacks = Vec::new();
    for sizes in sizes {
        stacks.push(Stack::start(sizes).await?);
    }
    let sizes: Vec<Sizes> = stacks.iter().map(|stack| stack.sizes).collect();
    let outcome = measure_on(&mut stacks, &arguments).await;
    for stack in stacks {
        stack.close().await?;
    }
    outcome?.print(&sizes)
}

async fn measure_on(stacks: &mut [Stack], arguments: &GrowthArguments) -> anyhow::Result<Results> {
    let mut results = Results::default();
    let mut others_cores = Vec::new();
    for round in 1..=arguments.rounds {
        let others = BackgroundLoad::now()?;
        line(format_args!("round {round} of {}", arguments.rounds))?;
        probes::round(stacks, arguments.requests, &mut results).await?;
        starts::round(stacks, &mut results).await?;
        others_cores.push(others.cores_since()?);
    }
    for stack in stacks.iter() {
        stack.prove().await?;
    }
    // The same statements filled all stacks: the smallest stands for them.
    if let Some(smallest) = stacks.first() {
        smallest.audit().await?;
    }
    print_background_load(&others_cores)?;
    Ok(results)
}
