//! `bench-search`: search latency on this machine, in this process and over HTTP.
//!
//! | part | what it measures |
//! | --- | --- |
//! | [`engine`] | random searches on the real week in this process, uncached |
//! | [`http`] | the same over HTTP; a cached search, against a bare handler; Redis against computing |
//! | [`sql`] | the same itineraries from one recursive SQL query |
//! | [`growth`] | timetables of 0.1, 1 and 10 million flights: the week repeated, and a synthetic world |
//!
//! [`week`] reads the real week, [`world`] generates the synthetic one, [`timing`] has the latencies.
//!
//! Everything runs on this machine beside the load: a PostgreSQL and a Redis of its own, which end with this
//! process. The whole takes about four minutes, half of it the SQL queries.

mod arguments;
mod engine;
mod growth;
mod http;
mod setup;
mod sql;
mod timing;
mod week;
mod world;

use std::process::ExitCode;

use benches::numbers::{print_result, ratio};
use benches::{bare, exit_code};
use clap::Parser as _;
use loadgen::console::line;
use test_stack::background_load::{BackgroundLoad, TOLERATED_CORES};
use test_stack::unless_interrupted;

use crate::arguments::{Arguments, Command, Part};
use crate::setup::Setup;
use crate::week::Week;

/// The results that are compared over time.
#[derive(Default)]
struct Results {
    engine: Option<engine::Measured>,
    world_p99_ms: Option<f64>,
    sql_median_ms: Option<f64>,
    cached: Option<http::Cached>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    exit_code(match arguments.command {
        Some(Command::Bare { port, bytes }) => bare::serve(port, bytes),
        None => measure(&arguments),
    })
}

#[tokio::main]
async fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    // Servers of an interrupted run are ended by their watchdog.
    unless_interrupted(Box::pin(run(arguments))).await
}

async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let wants = |part| arguments.only.is_empty() || arguments.only.contains(&part);
    let background_load = BackgroundLoad::now()?;
    let mut results = Results::default();
    let week = Week::read()?;
    let searches = week.searches(usize::try_from(arguments.searches)?);
    if wants(Part::Engine) {
        results.engine = Some(engine::measure(&week, &searches)?);
    }
    if wants(Part::Growth) {
        results.world_p99_ms = Some(growth::measure(&week)?);
    }
    if wants(Part::Http) || wants(Part::Sql) {
        let mut setup = Setup::start().await?;
        let outcome = async {
            if wants(Part::Http) {
                results.cached =
                    Some(http::measure(&mut setup, &week, &searches, arguments).await?);
            }
            if wants(Part::Sql) {
                results.sql_median_ms = Some(sql::measure(&setup, &week, &searches).await?);
            }
            Ok::<_, anyhow::Error>(())
        }
        .await;
        setup.stop().await?;
        outcome?;
    }
    results.print(background_load.cores_since()?)
}

impl Results {
    fn print(&self, background_load_cores: f64) -> anyhow::Result<()> {
        let verdict = if background_load_cores > TOLERATED_CORES {
            ": measure again when nothing else runs"
        } else {
            ""
        };
        line(format_args!(
            "\nOther programs took {:.0} % of a core{verdict}.",
            background_load_cores * 100.0
        ))?;
        let engine = self.engine.as_ref();
        let cached = self.cached.as_ref();
        let (cached_rps, bare_rps) = (cached.map(|c| c.cached_rps), cached.map(|c| c.bare_rps));
        print_result(&[
            ("p50_ms", engine.map(|engine| engine.p50_ms), 3),
            ("p99_ms", engine.map(|engine| engine.p99_ms), 3),
            ("max_ms", engine.map(|engine| engine.max_ms), 3),
            ("world_p99_ms", self.world_p99_ms, 3),
            ("sql_median_ms", self.sql_median_ms, 0),
            ("cached_rps", cached_rps, 0),
            ("bare_actix_rps", bare_rps, 0),
            ("ratio_cached", ratio(cached_rps, bare_rps), 3),
            (
                "bytes_per_flight",
                engine.map(|engine| engine.bytes_per_flight),
                1,
            ),
        ])
    }
}
