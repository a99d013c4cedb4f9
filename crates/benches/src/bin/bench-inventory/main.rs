//! `bench-inventory`: the inventory's throughput on this machine, against one transaction per request.
//!
//! | part | what it measures |
//! | --- | --- |
//! | [`baseline`] | one `SELECT ... FOR UPDATE` transaction per request on one row |
//! | [`committer`] | the committer in this process, on one pool and on many |
//! | [`flights`] | holds and sold-out refusals over HTTP, at flight-service |
//! | [`benches::bare`] | a bare actix-web handler |
//!
//! [`cases`] lists the measured cases, [`setup`] starts the servers and runs a case, [`results`] prints, and
//! `test_stack`'s background load tells whether other programs disturbed the measurement.
//!
//! Everything runs on this machine beside the load: a PostgreSQL and a Redis of its own, which end with this
//! process. Rounds over all cases are repeated and the median of the rounds counts, so that a passing
//! disturbance does not decide.

mod baseline;
mod cases;
mod committer;
mod flights;
mod results;
mod setup;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::ensure;
use benches::{bare, exit_code};
use clap::{Parser, Subcommand};
use test_stack::background_load::BackgroundLoad;
use test_stack::unless_interrupted;

use crate::cases::{CASES, Case, Part};
use crate::results::Results;
use crate::setup::Setup;

/// Measures the inventory's throughput
#[derive(Parser)]
#[command(name = "bench-inventory")]
struct Arguments {
    /// Seconds that each case is measured in each round
    #[arg(long, default_value_t = 5.0, value_name = "SECONDS")]
    seconds: f64,
    /// Rounds; the median counts
    #[arg(long, default_value_t = 3, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(1..=20))]
    rounds: u8,
    /// Measure this part only; may be repeated
    #[arg(long, value_name = "PART")]
    only: Vec<Part>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// The bare handler, in a process of its own
    #[command(hide = true)]
    Bare {
        /// The port on 127.0.0.1
        port: u16,
        /// Size of the body, in bytes
        bytes: usize,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    exit_code(match arguments.command {
        Some(Command::Bare { port, bytes }) => bare::serve(port, bytes),
        None => measure(&arguments),
    })
}

/// The committer runs on this runtime, as in a service: one thread per core.
#[tokio::main]
async fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    ensure!(
        (0.1..=60.0).contains(&arguments.seconds),
        "--seconds must be from 0.1 to 60"
    );
    let measured = Duration::from_secs_f64(arguments.seconds);
    let cases: Vec<&Case> = CASES
        .iter()
        .filter(|case| arguments.only.is_empty() || arguments.only.contains(&case.part))
        .collect();
    // Servers of an interrupted run are ended by their watchdog.
    unless_interrupted(Box::pin(run(&cases, measured, arguments.rounds))).await
}

async fn run(cases: &[&'static Case], measured: Duration, rounds: u8) -> anyhow::Result<()> {
    let mut setup = Setup::start(cases).await?;
    let outcome = run_on(&mut setup, cases, measured, rounds).await;
    setup.stop().await?;
    outcome
}

async fn run_on(
    setup: &mut Setup,
    cases: &[&'static Case],
    measured: Duration,
    rounds: u8,
) -> anyhow::Result<()> {
    setup.settle(cases).await?;
    let mut results = Results::default();
    for round in 1..=rounds {
        for case in cases {
            let background_load = BackgroundLoad::now()?;
            let report = setup.run(case, measured).await?;
            results.add(case, round, report, background_load.cores_since()?)?;
        }
    }
    results.print_table()?;
    setup.prove().await?;
    results.print_summary()
}
