//! A benchmark of several cases over HTTP. Rounds over all cases are repeated and the median of the rounds
//! counts, so that a passing disturbance does not decide.
//!
//! A benchmark implements [`Part`] for its cases and [`Setup`] for its servers and load. [`run`] lets the
//! servers settle, measures, prints the table and checks the stored data against the answers.

mod case;
mod results;

pub use case::{Case, Part};
pub use results::Results;

use std::time::Duration;

use anyhow::ensure;
use clap::builder::EnumValueParser;

use self::case::cases;
use self::results::Round;
use loadgen::stats::Report;
use test_stack::background_load::BackgroundLoad;
use test_stack::cores::{Cores, Share};
use test_stack::unless_interrupted;

#[derive(Debug, clap::Args)]
pub struct Arguments<P: Part> {
    /// Seconds that each case is measured in each round
    #[arg(long, default_value_t = 5.0, value_name = "SECONDS")]
    seconds: f64,
    /// Rounds; the median counts
    #[arg(long, default_value_t = 3, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(1..=20))]
    rounds: u8,
    /// Measure this part only; may be repeated
    #[arg(long, value_name = "PART", value_parser = EnumValueParser::<P>::new())]
    only: Vec<P>,
    /// Concurrent connections; may be given several times
    #[arg(long, default_values_t = P::CONNECTIONS.iter().copied(), value_name = "COUNT", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: Vec<u16>,
}

/// The servers under load, and the check of their data afterwards.
pub trait Setup<P: Part>: Sized {
    fn start() -> impl Future<Output = anyhow::Result<Self>>;

    /// Runs the load of a case once, and adds its answers up for [`Self::prove`].
    fn run(
        &mut self,
        case: &Case<P>,
        measured: Duration,
    ) -> impl Future<Output = anyhow::Result<Report>>;

    /// Runs `ANALYZE`, so that statements are planned with statistics.
    fn analyze(&self) -> impl Future<Output = anyhow::Result<()>>;

    /// The processes whose CPU use is shown, by name.
    fn shares(&self) -> anyhow::Result<Vec<(&'static str, Share)>>;

    /// Fails unless the stored data agrees with the answers.
    fn prove(&self) -> impl Future<Output = anyhow::Result<()>>;

    fn stop(self) -> impl Future<Output = anyhow::Result<()>>;
}

/// Measures the requested cases. `summary` prints the headline numbers, after the table and the proof.
pub async fn run<P: Part, S: Setup<P>>(
    arguments: &Arguments<P>,
    summary: impl FnOnce(&Results<P>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    ensure!(
        (0.1..=60.0).contains(&arguments.seconds),
        "--seconds must be from 0.1 to 60"
    );
    // Servers of an interrupted run are ended by their watchdog.
    let work = async {
        let mut setup = S::start().await?;
        let outcome = measure(&mut setup, arguments, summary).await;
        setup.stop().await?;
        outcome
    };
    unless_interrupted(Box::pin(work)).await
}

async fn measure<P: Part, S: Setup<P>>(
    setup: &mut S,
    arguments: &Arguments<P>,
    summary: impl FnOnce(&Results<P>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let cases = cases(&arguments.only, &arguments.connections);
    let measured = Duration::from_secs_f64(arguments.seconds);
    // As servers that have run for a while: with some rows, and with statistics of them.
    for case in &cases {
        setup.run(case, P::SETTLING).await?;
    }
    setup.analyze().await?;
    let shares = setup.shares()?;
    let mut results = Results::new(&cases, &shares);
    for round in 1..=arguments.rounds {
        for case in &cases {
            let (others, cores) = (BackgroundLoad::now()?, Cores::now(&shares)?);
            let report = setup.run(case, measured).await?;
            let (cores, others_cores) = (cores.since()?, others.cores_since()?);
            let done = Round {
                report,
                cores,
                others_cores,
            };
            results.add(case, round, done)?;
        }
    }
    results.print_table()?;
    setup.prove().await?;
    summary(&results)
}
