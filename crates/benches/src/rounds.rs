//! A benchmark of several cases. Rounds over all cases, the baselines among them, are repeated and the median
//! of the rounds counts, so that a passing disturbance does not decide.
//!
//! A benchmark implements [`Part`] for its cases and [`Setup`] for its servers and load. [`run`] lets the
//! servers settle, measures, prints the tables and checks the stored data against the answers.

mod case;
mod measured;
mod results;
mod setup;
mod tables;

pub use case::{Case, Part, Subject};
pub use results::{Headline, Results};
pub use setup::Setup;

use std::time::Duration;

use anyhow::ensure;
use clap::builder::EnumValueParser;

use self::case::cases;
use self::measured::Measurer;
use crate::versions::VersionArguments;

#[derive(Debug, clap::Args)]
pub struct RoundArguments<P: Part> {
    /// Seconds that each case is measured in each round
    #[arg(long, default_value_t = 4.0, value_name = "SECONDS")]
    seconds: f64,
    /// Rounds; the median counts
    #[arg(long, default_value_t = 3, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(1..=20))]
    rounds: u8,
    /// Measure this part only; may be repeated. The baselines are always measured
    #[arg(long, value_name = "PART", value_parser = EnumValueParser::<P>::new())]
    only: Vec<P>,
    /// Concurrent clients, instead of each part's own; may be given several times
    #[arg(long, alias = "connections", value_name = "COUNT", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=1024))]
    clients: Vec<u16>,
    #[command(flatten)]
    versions: VersionArguments,
}

/// Measures the requested cases. `summary` prints the headline numbers, after the tables and the proof.
pub async fn run<P: Part, S: Setup<P>>(
    purpose: &str,
    arguments: &RoundArguments<P>,
    summary: impl AsyncFnOnce(&mut S, &Results<P>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    ensure!(
        (0.1..=60.0).contains(&arguments.seconds),
        "--seconds must be from 0.1 to 60"
    );
    let stacks = arguments.versions.open_stacks(purpose).await?;
    let mut setup = S::start(stacks).await?;
    let outcome = measure(&mut setup, arguments, summary).await;
    setup.stop().await?;
    outcome
}

async fn measure<P: Part, S: Setup<P>>(
    setup: &mut S,
    arguments: &RoundArguments<P>,
    summary: impl AsyncFnOnce(&mut S, &Results<P>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let versions = setup.stacks().len();
    let cases = cases(&arguments.only, &arguments.clients, versions);
    let measured = Duration::from_secs_f64(arguments.seconds);
    let mut measurer = Measurer::start(setup).await?;
    // As servers that have run for a while: with some rows, and with statistics of them.
    for case in &cases {
        measurer.load(case, P::SETTLING).await?;
    }
    measurer.analyze().await?;
    let mut results = Results::new(measurer.shares()?);
    for round in 1..=arguments.rounds {
        for case in &cases {
            if results.is_beyond_limit(case) {
                continue;
            }
            let done = measurer.measure(case, measured).await?;
            results.add(case, round, done)?;
        }
    }
    results.print_tables()?;
    measurer.prove().await?;
    measurer.stop().await?;
    summary(setup, &results).await
}
