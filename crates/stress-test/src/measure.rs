//! Converts the generator's report into the stress test's.

use std::collections::BTreeMap;

use crate::outcome::Kind;
use crate::report::{KindCount, Latency, OutcomeCount, Slot};
use loadgen::stats::{Outcome, Report, SLOT, Tally, as_number};

/// Everything counted in a load.
pub(super) struct Measured {
    pub(super) outcomes: Vec<OutcomeCount>,
    pub(super) kinds: Vec<KindCount>,
    pub(super) timeline: Vec<Slot>,
}

impl Measured {
    pub(super) fn of(report: &Report) -> Self {
        let tally = report.tally();
        let mut outcomes: Vec<OutcomeCount> = tally
            .outcomes()
            .map(|(outcome, count)| OutcomeCount {
                name: outcome.to_string(),
                kind: Kind::of(outcome),
                count,
            })
            .collect();
        outcomes.sort_by(|a, b| (a.kind, b.count, &a.name).cmp(&(b.kind, a.count, &b.name)));
        let kinds = [Kind::Success, Kind::Refusal, Kind::Failure];
        let kinds = kinds.map(|kind| kind_count(kind, &outcomes, report));
        Self {
            kinds: kinds.into(),
            timeline: timeline(tally),
            outcomes,
        }
    }
}

fn kind_count(kind: Kind, outcomes: &[OutcomeCount], report: &Report) -> KindCount {
    let of_kind = outcomes.iter().filter(|outcome| outcome.kind == kind);
    let count = of_kind.map(|outcome| outcome.count).sum();
    let seconds = report.measured_for().as_secs_f64();
    KindCount {
        kind,
        count,
        per_s: if seconds > 0.0 {
            as_number(count) / seconds
        } else {
            0.0
        },
        latency: (count > 0).then(|| latency(report.tally(), |one| Kind::of(one) == kind)),
    }
}

/// Latencies of the requests whose outcome matches.
pub(super) fn latency(tally: &Tally, of: impl Fn(Outcome) -> bool + Copy) -> Latency {
    let at = |quantile| tally.latency_of(of, quantile).as_secs_f64() * 1000.0;
    Latency {
        p50_ms: at(0.5),
        p90_ms: at(0.9),
        p99_ms: at(0.99),
        p999_ms: at(0.999),
        max_ms: at(1.0),
    }
}

fn timeline(tally: &Tally) -> Vec<Slot> {
    let slots = tally.timeline().slots().zip(0_u32..);
    slots
        .map(|(counts, index)| {
            let of = |kind| sum_of(counts, kind);
            Slot {
                at_s: SLOT.as_secs_f64() * f64::from(index),
                success: of(Kind::Success),
                refusal: of(Kind::Refusal),
                failure: of(Kind::Failure),
            }
        })
        .collect()
}

fn sum_of(counts: &BTreeMap<Outcome, u64>, kind: Kind) -> u64 {
    let of_kind = counts.iter().filter(|(one, _)| Kind::of(**one) == kind);
    of_kind.map(|(_, count)| count).sum()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::outcome::{CONFIRMED, DECLINED, SOLD_OUT};
    use loadgen::stats::Phase;

    #[test]
    fn kinds_are_counted_apart() {
        let mut tally = Tally::new().unwrap();
        let mut add = |outcome, milliseconds, times| {
            for _ in 0..times {
                let latency = Duration::from_millis(milliseconds);
                tally.record(outcome, latency, Phase::Measured);
                tally.record_end(outcome, latency);
            }
        };
        add(CONFIRMED, 20, 30);
        add(SOLD_OUT, 2, 100);
        add(DECLINED, 300, 10);
        add(Outcome::Broken, 1, 1);
        let measured = Measured::of(&Report::new(tally, Duration::from_secs(2)));
        let names: Vec<&str> = measured.outcomes.iter().map(|one| &*one.name).collect();
        assert_eq!(
            names,
            ["confirmed", "sold out", "payment declined", "broken"]
        );
        let counts: Vec<u64> = measured.kinds.iter().map(|kind| kind.count).collect();
        assert_eq!(counts, [30, 110, 1]);
        assert!((measured.kinds[0].per_s - 15.0).abs() < 1e-9);
        let refused = measured.kinds[1].latency.unwrap();
        assert!((refused.p50_ms - 2.0).abs() < 0.1 && (refused.max_ms - 300.0).abs() < 1.0);
        let slots: Vec<_> = measured.timeline.iter().map(|slot| slot.refusal).collect();
        assert_eq!(slots, [100, 10]);
    }
}
