//! `bench-events`: how many tickets booking-service sells in a second, on this machine.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`mod@cases`] | what is measured |
//! | [`stage`] | the servers of a run, the load on them, and whether all agrees afterwards |
//! | [`results`] | the rates, the latencies, and which program took how much of the machine |
//!
//! A purchase of a ticket option is answered when its tickets are sold and its row is on disk. The
//! service runs as it does by default, in a process of its own.
//!
//! Everything runs on this machine, with the load beside it: a PostgreSQL and a Redis of its own, which
//! end with this process. Rounds of all cases follow one another, and the median of the rounds counts.

mod cases;
mod results;
mod stage;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::ensure;
use clap::Parser;
use stress::bench::cores::Cores;
use stress::bench::others::Others;
use stress::bench::{exit_code, unless_interrupted};

use crate::cases::{Case, Part, cases};
use crate::results::{Results, Round};
use crate::stage::Stage;

/// Measures sales of tickets
#[derive(Parser)]
#[command(name = "bench-events")]
struct Arguments {
    /// How long each case is measured in each round
    #[arg(long, default_value_t = 5.0, value_name = "SECONDS")]
    seconds: f64,
    /// How often each case is measured; the median counts
    #[arg(long, default_value_t = 3, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(1..=20))]
    rounds: u8,
    /// Measure this part only; may be given several times
    #[arg(long, value_name = "PART")]
    only: Vec<Part>,
    /// How many connections buy at once; may be given several times
    #[arg(long, default_values_t = [256, 512], value_name = "COUNT", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: Vec<u16>,
}

fn main() -> ExitCode {
    exit_code(measure(&Arguments::parse()))
}

#[tokio::main]
async fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    ensure!(
        (0.1..=60.0).contains(&arguments.seconds),
        "--seconds must be from 0.1 to 60"
    );
    // What is dropped in the middle ends with its watchdog.
    unless_interrupted(Box::pin(run(arguments))).await
}

async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let cases = cases(&arguments.only, &arguments.connections);
    let measured = Duration::from_secs_f64(arguments.seconds);
    let mut stage = Stage::start().await?;
    let outcome = run_on(&mut stage, &cases, measured, arguments.rounds).await;
    stage.stop().await?;
    outcome
}

async fn run_on(
    stage: &mut Stage,
    cases: &[Case],
    measured: Duration,
    rounds: u8,
) -> anyhow::Result<()> {
    stage.settle(cases).await?;
    let shares = stage.shares()?;
    let mut results = Results::new(cases, &shares);
    for round in 1..=rounds {
        for case in cases {
            let (others, cores) = (Others::now()?, Cores::now(&shares)?);
            let report = stage.run(case, measured).await?;
            let (cores, others_cores) = (cores.since()?, others.cores_since()?);
            let done = Round {
                report,
                cores,
                others_cores,
            };
            results.add(case, round, done)?;
        }
    }
    stage.prove().await?;
    results.print_summary()
}
