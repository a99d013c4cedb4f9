//! `bench-search`: search latency on this machine, in this process and over HTTP.
//!
//! | part | what it measures |
//! | --- | --- |
//! | [`engine`] | random searches on the real week in this process, uncached |
//! | [`growth`] | timetables of 0.1, 1 and 10 million flights: the week repeated, and a synthetic world |
//! | [`cached`] | a cached search over HTTP, against a bare handler |
//! | [`computed`] | computed searches over HTTP, and Redis against computing |
//! | [`sql`] | the same itineraries from one recursive SQL query |
//!
//! [`week`] reads the real week, [`world`] generates the synthetic one, [`timing`] has the latencies.
//!
//! Everything runs on this machine beside the load: a PostgreSQL and a Redis of its own, which end with this
//! process. The whole takes about four minutes, half of it the SQL queries.

mod cached;
mod computed;
mod engine;
mod growth;
mod sql;
mod timing;
mod week;
mod world;

use std::process::ExitCode;

use benches::baselines::Baseline;
use benches::numbers::{print_background_load, print_result, ratio};
use benches::rounds::{self, Results};
use clap::ValueEnum;
use test_stack::background_load::BackgroundLoad;

use crate::cached::{Part, Setup};
use crate::week::Week;

#[derive(clap::Args)]
struct SearchArguments {
    /// Measure this section only; may be repeated
    #[arg(long, value_name = "SECTION")]
    section: Vec<Section>,
    /// Number of random searches
    #[arg(long, default_value_t = 2_000, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(100..=100_000))]
    searches: u32,
    #[command(flatten)]
    rounds: rounds::RoundArguments<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Section {
    /// In this process
    Engine,
    /// Larger timetables, in this process
    Growth,
    /// Over HTTP, and by one recursive SQL query
    Servers,
}

/// The results that are compared over time.
#[derive(Default)]
struct Measured {
    engine: Option<engine::Measured>,
    world_p99_ms: Option<f64>,
    sql_median_ms: Option<f64>,
    row_lock: Option<f64>,
    cached_rps: Option<f64>,
    bare_rps: Option<f64>,
}

fn main() -> ExitCode {
    benches::program::main("bench-search", "Measures search latency", run)
}

async fn run(arguments: SearchArguments) -> anyhow::Result<()> {
    let wants = |section| arguments.section.is_empty() || arguments.section.contains(&section);
    let background_load = BackgroundLoad::now()?;
    let mut measured = Measured::default();
    let week = Week::read()?;
    let searches = week.searches(usize::try_from(arguments.searches)?);
    if wants(Section::Engine) {
        measured.engine = Some(engine::measure(&week, &searches)?);
    }
    if wants(Section::Growth) {
        measured.world_p99_ms = Some(growth::measure(&week)?);
    }
    print_background_load(&[background_load.cores_since()?])?;
    if wants(Section::Servers) {
        let measured = &mut measured;
        let rest = async |setup: &mut Setup, results: &Results<Part>| {
            measured.row_lock = results.row_lock();
            measured.cached_rps = results.rate(&results.part(Part::Cached, 64));
            measured.bare_rps = results.rate(&results.baseline(Baseline::Bare, 64));
            let stack = setup.first()?;
            computed::measure(stack, &searches).await?;
            measured.sql_median_ms = Some(sql::measure(stack, &week, &searches).await?);
            Ok(())
        };
        rounds::run::<Part, Setup>("bench-search", &arguments.rounds, rest).await?;
    }
    measured.print()
}

impl Measured {
    fn print(&self) -> anyhow::Result<()> {
        let engine = self.engine.as_ref();
        let p99_ms = engine.map(|engine| engine.p99_ms);
        print_result(&[
            ("p50_ms", engine.map(|engine| engine.p50_ms), 3),
            ("p99_ms", p99_ms, 3),
            ("max_ms", engine.map(|engine| engine.max_ms), 3),
            ("world_p99_ms", self.world_p99_ms, 3),
            ("sql_median_ms", self.sql_median_ms, 0),
            // How many times the p99 the query takes.
            ("ratio_sql", ratio(self.sql_median_ms, p99_ms), 0),
            ("rowlock_64", self.row_lock, 0),
            ("cached_rps", self.cached_rps, 0),
            ("bare_actix_rps", self.bare_rps, 0),
            ("ratio_cached", ratio(self.cached_rps, self.bare_rps), 3),
            (
                "bytes_per_flight",
                engine.map(|engine| engine.bytes_per_flight),
                1,
            ),
        ])
    }
}
