//! Compares two reports: ratios, and which of them are significant.
//!
//! A rate's change is significant if it exceeds a tenth and twice the standard error over the quarter-second
//! slots; a latency's, if it exceeds a quarter and a millisecond: runs on one machine differ by less.

use serde::{Deserialize, Serialize};

use crate::outcome::Kind;
use crate::report::{ScenarioReport, Step, StepPace, StressReport};
use loadgen::stats::as_number;

/// Share by which a rate must differ.
const RATE_MATTERS: f64 = 0.10;
/// Ratio by which a latency must differ, besides a millisecond.
const LATENCY_MATTERS: f64 = 1.25;
const LATENCY_MATTERS_MS: f64 = 1.0;
/// More standard errors than chance explains.
const STANDARD_ERRORS: f64 = 2.0;

/// A number in both reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Scenario, step and metric.
    pub what: String,
    pub before: f64,
    pub after: f64,
    /// Whether the change is significant, and for the better.
    pub verdict: Judgement,
}

/// The significance of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// Within the variation between runs.
    Same,
    Better,
    Worse,
}

impl Change {
    /// After over before; `None` if before was zero.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        (self.before > 0.0).then_some(self.after / self.before)
    }
}

/// Every number that both reports have.
#[must_use]
pub fn compare(before: &StressReport, after: &StressReport) -> Vec<Change> {
    let mut changes = Vec::new();
    for now in &after.scenarios {
        let same = |then: &&ScenarioReport| then.scenario == now.scenario;
        let Some(then) = before.scenarios.iter().find(same) else {
            continue;
        };
        for (position, step) in now.steps.iter().enumerate() {
            let then = match step.pace {
                StepPace::Closed => then.steps.iter().find(|then| then.pace == step.pace),
                // Fixed rates chosen by the run itself differ: steps are matched by position.
                StepPace::Open(_) => then.steps.get(position),
            };
            if let Some(then) = then.filter(|then| has_same_kind(then.pace, step.pace)) {
                let name = format!("{}, {}", now.scenario.name(), step.name());
                changes.extend(compare_steps(&name, then, step));
            }
        }
    }
    for (what, then, now) in [
        (
            "oversold units",
            before.verdict.oversold,
            after.verdict.oversold,
        ),
        (
            "undersold units",
            before.verdict.undersold,
            after.verdict.undersold,
        ),
    ] {
        let (then, now) = (as_number(then), as_number(now));
        changes.push(Change {
            what: what.to_owned(),
            before: then,
            after: now,
            verdict: judged(then.total_cmp(&now).is_ne(), now < then),
        });
    }
    changes
}

fn has_same_kind(one: StepPace, other: StepPace) -> bool {
    matches!(one, StepPace::Closed) == matches!(other, StepPace::Closed)
}

fn compare_steps(name: &str, then: &Step, now: &Step) -> Vec<Change> {
    let mut changes = Vec::new();
    for (kind, what) in [(Kind::Success, "done"), (Kind::Refusal, "refused")] {
        let (before, after) = (then.per_s(kind), now.per_s(kind));
        if now.pace == StepPace::Closed && (before > 0.0 || after > 0.0) {
            let noise = STANDARD_ERRORS * (error_of(then, kind).hypot(error_of(now, kind)));
            let difference = (after - before).abs();
            let matters = difference > RATE_MATTERS * before && difference > noise;
            changes.push(Change {
                what: format!("{name}: {what} a second"),
                before,
                after,
                verdict: judged(matters, after > before),
            });
        }
    }
    let p99 = |step: &Step| {
        step.main_latency()
            .map(|(kind, latency)| (kind, latency.p99_ms))
    };
    if let (Some((was, before)), Some((is, after))) = (p99(then), p99(now))
        && was == is
    {
        let ratio = (after / before).max(before / after);
        let matters = ratio > LATENCY_MATTERS && (after - before).abs() > LATENCY_MATTERS_MS;
        changes.push(Change {
            what: format!("{name}: p99 in ms"),
            before,
            after,
            verdict: judged(matters, after < before),
        });
    }
    changes
}

fn judged(matters: bool, is_better: bool) -> Judgement {
    match (matters, is_better) {
        (false, _) => Judgement::Same,
        (true, true) => Judgement::Better,
        (true, false) => Judgement::Worse,
    }
}

/// The standard error of a step's rate, from the variance of its slots.
fn error_of(step: &Step, kind: Kind) -> f64 {
    let rates: Vec<f64> = step
        .timeline
        .iter()
        .filter(|slot| slot.at_s < step.measured_s)
        .map(|slot| 4.0 * as_number(slot.of(kind)))
        .collect();
    let count = as_number(u64::try_from(rates.len()).unwrap_or(u64::MAX));
    if count < 2.0 {
        return 0.0;
    }
    let mean = rates.iter().sum::<f64>() / count;
    let squares: f64 = rates.iter().map(|rate| (rate - mean).powi(2)).sum();
    (squares / (count - 1.0) / count).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{KindCount, Latency, Slot};

    /// A closed loop with these counts per quarter of a second.
    fn step(counts: &[u64], p99_ms: f64) -> Step {
        let slots = counts.iter().zip(0_u32..).map(|(count, index)| Slot {
            at_s: 0.25 * f64::from(index),
            success: *count,
            ..Slot::default()
        });
        let measured_s = 0.25 * as_number(u64::try_from(counts.len()).unwrap());
        let count: u64 = counts.iter().sum();
        Step {
            pace: StepPace::Closed,
            clients: 8,
            warm_up_s: 0.0,
            measured_s,
            missed: 0,
            outcomes: Vec::new(),
            kinds: vec![KindCount {
                kind: Kind::Success,
                count,
                per_s: as_number(count) / measured_s,
                latency: Some(Latency {
                    p50_ms: 1.0,
                    p90_ms: 2.0,
                    p99_ms,
                    p999_ms: 9.0,
                    max_ms: 9.0,
                }),
            }],
            timeline: slots.collect(),
            cores: Vec::new(),
            others_cores: None,
            sales: Vec::new(),
        }
    }

    fn verdicts(then: &Step, now: &Step) -> Vec<Judgement> {
        let changes = compare_steps("it", then, now);
        changes.iter().map(|change| change.verdict).collect()
    }

    #[test]
    fn small_and_noisy_changes_do_not_matter() {
        use Judgement::{Better, Same, Worse};
        let steady = step(&[100, 102, 98, 100], 10.0);
        assert_eq!(
            verdicts(&steady, &step(&[105, 104, 106, 105], 10.5)),
            [Same, Same]
        );
        assert_eq!(
            verdicts(&steady, &step(&[130, 132, 128, 130], 20.0)),
            [Better, Worse]
        );
        assert_eq!(
            verdicts(&steady, &step(&[70, 72, 68, 70], 5.0)),
            [Worse, Better]
        );
        // A fifth more, but the slots vary by far more than that.
        assert_eq!(
            verdicts(&steady, &step(&[300, 10, 160, 10], 10.9)),
            [Same, Same]
        );
    }

    #[test]
    fn the_standard_error_is_known() {
        let steady = step(&[25, 25, 25, 25], 1.0);
        assert!(error_of(&steady, Kind::Success).abs() < 1e-9);
        // Rates of 80 and 120 have a deviation of 28.28, over the root of 2.
        let varied = step(&[20, 30], 1.0);
        assert!((error_of(&varied, Kind::Success) - 20.0).abs() < 1e-9);
    }

    #[test]
    fn a_ratio_to_zero_is_none() {
        let change = |before, after| Change {
            what: String::new(),
            before,
            after,
            verdict: Judgement::Same,
        };
        assert_eq!(change(0.0, 1.0).ratio(), None);
        assert_eq!(change(2.0, 3.0).ratio(), Some(1.5));
    }
}
