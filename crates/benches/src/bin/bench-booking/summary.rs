//! The headline rates, for people and as one line of JSON.

use benches::numbers::print_result;
use benches::rounds::{Part as _, Results};
use loadgen::console::line;

use crate::part::Part;

/// A rate counts if its p99 is below this.
const LATENCY_LIMIT_MS: f64 = 100.0;

/// A part's headline rate, and its latency.
#[derive(Clone, Copy)]
struct Headline {
    connections: u16,
    per_s: f64,
    p99_ms: f64,
}

/// Prints the headline rates, and the same as one line of JSON; `null` if not measured.
pub fn print(results: &Results<Part>) -> anyhow::Result<()> {
    line("")?;
    let (spread, hot) = (
        headline(results, Part::Spread),
        headline(results, Part::Hot),
    );
    for (part, headline) in [(Part::Spread, spread), (Part::Hot, hot)] {
        let Some(headline) = headline else { continue };
        let verdict = if headline.p99_ms < LATENCY_LIMIT_MS {
            "the best rate whose p99 is under 100 ms"
        } else {
            "no p99 is under 100 ms: the shortest"
        };
        line(format_args!(
            "{:<13} {:>6.0} paid bookings a second, p99 {:.1} ms, at {} connections: {verdict}",
            part.name(),
            headline.per_s,
            headline.p99_ms,
            headline.connections
        ))?;
    }
    let worse = [spread, hot]
        .into_iter()
        .flatten()
        .map(|headline| headline.p99_ms);
    print_result(&[
        ("spread_per_s", spread.map(|headline| headline.per_s), 0),
        ("hot_per_s", hot.map(|headline| headline.per_s), 0),
        ("p99_ms", worse.reduce(f64::max), 2),
    ])
}

/// The best rate whose latency is within the limit; if none is, the rate with the lowest latency.
fn headline(results: &Results<Part>, part: Part) -> Option<Headline> {
    let measured: Vec<Headline> = results
        .of_part(part)
        .filter_map(|case| {
            Some(Headline {
                connections: case.connections,
                per_s: results.rate(case)?,
                p99_ms: results.latency_ms(case, 0.99)?,
            })
        })
        .collect();
    let within = measured.iter().filter(|one| one.p99_ms < LATENCY_LIMIT_MS);
    let best = within.max_by(|a, b| a.per_s.total_cmp(&b.per_s));
    let shortest = || measured.iter().min_by(|a, b| a.p99_ms.total_cmp(&b.p99_ms));
    best.or_else(shortest).copied()
}
