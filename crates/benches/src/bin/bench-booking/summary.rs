//! The headline numbers, for people and as one line of JSON.

use benches::baselines::Baseline;
use benches::heap_only;
use benches::numbers::{print_result, ratio};
use benches::rounds::{Part as _, Results, Setup as _};
use loadgen::console::line;
use local_servers::service::Service;

use crate::part::Part;
use crate::setup::Setup;

/// Tables whose rows change in each booking's life.
const UPDATED: [(Service, &str); 3] = [
    (Service::Booking, "bookings"),
    (Service::Flight, "holds"),
    (Service::Payment, "charges"),
];

/// Prints the headline numbers, and the same as one line of JSON; `null` if not measured.
pub async fn print(setup: &mut Setup, results: &Results<Part>) -> anyhow::Result<()> {
    let mut heap_only_share = None;
    line("")?;
    if let Some(stack) = setup.stacks().first() {
        heap_only_share = Some(heap_only::share(stack, &UPDATED).await?);
    }
    line("")?;
    let (spread, hot) = (results.headline(Part::Spread), results.headline(Part::Hot));
    for (part, headline) in [(Part::Spread, spread), (Part::Hot, hot)] {
        let (Some(headline), Some(limit_ms)) = (headline, part.p99_limit_ms()) else {
            continue;
        };
        let verdict = if headline.is_within {
            "the highest load within"
        } else {
            "no load is within"
        };
        line(format_args!(
            "{:<13} {:>6.0} paid bookings a second, p99 {:.1} ms, at {} clients: {verdict} {limit_ms} ms",
            part.name(),
            headline.per_s,
            headline.p99_ms,
            headline.clients
        ))?;
    }
    let spread_at = |clients| results.part(Part::Spread, clients);
    let alone = |quantile| results.latency_ms(&spread_at(1), quantile);
    if let (Some(p50_ms), Some(p99_ms)) = (alone(0.5), alone(0.99)) {
        line(format_args!(
            "one booking alone: p50 {p50_ms:.2} ms, p99 {p99_ms:.2} ms"
        ))?;
    }
    let row_lock = results.row_lock();
    let insert = |clients| results.baseline(Baseline::Insert, clients);
    let inserts_8 = ratio(results.rate(&insert(8)), results.rate(&spread_at(8)));
    let headlines = [spread, hot].into_iter().flatten();
    let worse = headlines.map(|headline| headline.p99_ms).reduce(f64::max);
    print_result(&[
        ("spread_per_s", spread.map(|headline| headline.per_s), 0),
        ("hot_per_s", hot.map(|headline| headline.per_s), 0),
        ("p99_ms", worse, 2),
        ("rowlock_64", row_lock, 0),
        (
            "ratio_spread",
            ratio(spread.map(|headline| headline.per_s), row_lock),
            2,
        ),
        (
            "ratio_hot",
            ratio(hot.map(|headline| headline.per_s), row_lock),
            2,
        ),
        ("alone_p50_ms", alone(0.5), 2),
        (
            "inserts_alone",
            ratio(alone(0.5), results.latency_ms(&insert(1), 0.5)),
            1,
        ),
        ("inserts_8", inserts_8, 1),
        ("cpu_ms_1", results.cpu_ms(&spread_at(1)), 2),
        ("cpu_ms_8", results.cpu_ms(&spread_at(8)), 2),
        ("cpu_ms_256", results.cpu_ms(&spread_at(256)), 2),
        ("heap_only_share", heap_only_share, 3),
    ])
}
