//! A benchmark of several cases over HTTP: rounds of all cases follow one another, and the median of the
//! rounds counts, so that a passing disturbance does not decide.
//!
//! A benchmark says what its [`Part`]s are and how its [`Setup`] makes the load; a new case is a new
//! part. `run` does the rest: it settles the servers, measures, shows the table, has everything proved.

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

/// How much is measured: what such a benchmark is asked for.
#[derive(Debug, clap::Args)]
pub struct Arguments<P: Part> {
    /// How long each case is measured in each round
    #[arg(long, default_value_t = 5.0, value_name = "SECONDS")]
    seconds: f64,
    /// How often each case is measured; the median counts
    #[arg(long, default_value_t = 3, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(1..=20))]
    rounds: u8,
    /// Measure this part only; may be given several times
    #[arg(long, value_name = "PART", value_parser = EnumValueParser::<P>::new())]
    only: Vec<P>,
    /// How many connections work at once; may be given several times
    #[arg(long, default_values_t = P::CONNECTIONS.iter().copied(), value_name = "COUNT", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: Vec<u16>,
}

/// The servers of a run, the load on them, and whether all agrees afterwards.
pub trait Setup<P: Part>: Sized {
    /// Starts the servers.
    fn start() -> impl Future<Output = anyhow::Result<Self>>;

    /// Makes the load of a case once, and remembers what was answered.
    fn run(
        &mut self,
        case: &Case<P>,
        measured: Duration,
    ) -> impl Future<Output = anyhow::Result<Report>>;

    /// Writes the statistics that statements are planned by.
    fn analyze(&self) -> impl Future<Output = anyhow::Result<()>>;

    /// Whose cores are counted, with their names.
    ///
    /// # Errors
    /// When one of them does not run.
    fn shares(&self) -> anyhow::Result<Vec<(&'static str, Share)>>;

    /// Fails unless what is stored is what was answered.
    fn prove(&self) -> impl Future<Output = anyhow::Result<()>>;

    /// Ends everything.
    fn stop(self) -> impl Future<Output = anyhow::Result<()>>;
}

/// Measures what was asked for. `summary` shows the numbers that count, after the table and the proof.
///
/// # Errors
/// When the arguments make no sense, something fails, or what is stored is not what was answered.
pub async fn run<P: Part, S: Setup<P>>(
    arguments: &Arguments<P>,
    summary: impl FnOnce(&Results<P>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    ensure!(
        (0.1..=60.0).contains(&arguments.seconds),
        "--seconds must be from 0.1 to 60"
    );
    // What is dropped in the middle ends with its watchdog.
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
    // The state of servers that have run for a while: some rows, and statistics of them.
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
