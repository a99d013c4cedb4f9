//! Latency percentiles by load.

use maud::{Markup, html};

use super::scale::{Scale, label};
use super::{BOTTOM, LEFT, RIGHT, TOP, frame, place, points};
use crate::outcome::Kind;
use crate::report::{Latency, Step, StepPace};

/// Its name, its CSS class, and its value.
type Percentile = (&'static str, &'static str, fn(&Latency) -> f64);

const PERCENTILES: [Percentile; 4] = [
    ("p50", "p50", |latency| latency.p50_ms),
    ("p90", "p90", |latency| latency.p90_ms),
    ("p99", "p99", |latency| latency.p99_ms),
    ("p99.9", "p999", |latency| latency.p999_ms),
];

/// The chart of the kind that most steps have: successes, or refusals where nothing is sold.
#[must_use]
pub fn latencies(steps: &[Step]) -> Markup {
    let Some((kind, _)) = steps.iter().find_map(Step::main_latency) else {
        return html! {};
    };
    let mut loads: Vec<(f64, Latency, StepPace)> = steps
        .iter()
        .filter_map(|step| Some((load(step), step.kind(kind)?.latency?, step.pace)))
        .collect();
    loads.sort_by(|a, b| a.0.total_cmp(&b.0));
    let least = loads.iter().map(|(_, latency, _)| latency.p50_ms);
    let most = loads.iter().map(|(_, latency, _)| latency.p999_ms);
    let y = Scale::logarithmic(
        least.fold(f64::INFINITY, f64::min),
        most.fold(0.0, f64::max),
        BOTTOM,
        TOP,
    );
    let highest = loads.last().map_or(1.0, |(load, _, _)| *load);
    let x = Scale::linear(highest * 1.05, LEFT, RIGHT);
    let inside = html! {
        @for (name, class, of) in PERCENTILES {
            polyline class=(format!("line {class}"))
                points=(points(loads.iter().map(|(load, latency, _)| (x.at(*load), y.at(of(latency)))))) {}
            @for (load, latency, pace) in &loads {
                circle class=(format!("dot {class}")) cx=(place(x.at(*load))) cy=(place(y.at(of(latency)))) r="3.2" {
                    title {
                        (name) ": " (format!("{:.1}", of(latency))) " ms at " (label(*load)) " a second"
                        @if *pace == StepPace::Closed { ", closed loop" }
                    }
                }
            }
        }
    };
    let what = match kind {
        Kind::Success => "Latency of successes by load",
        Kind::Refusal => "Latency of refusals by load",
        Kind::Failure => "Latency of failures by load",
    };
    frame(what, &x, "requests a second", &y, "ms", &inside)
}

/// A step's offered rate, or the answered rate of a closed loop.
fn load(step: &Step) -> f64 {
    match step.pace {
        StepPace::Open(rate) => f64::from(rate),
        StepPace::Closed => step.per_s(Kind::Success) + step.per_s(Kind::Refusal),
    }
}
