//! The capacity finder: raises the rate until the 99th percentile or the errors exceed their limit.

use crate::limits::Limits;
use crate::outcome::Kind;
use crate::report::Step;
use loadgen::stats::as_number;

/// First rate, per second.
const FIRST_RATE: u32 = 200;
/// Increase after a rate within the limits, in percent.
const RAISED_BY: u32 = 60;
/// The search ends when the last good and the first bad rate are so close, in percent.
const TOLERANCE_PERCENT: u32 = 8;
/// Upper bound of the tries: a factor of a thousand, and the bisection, with some repeats.
pub(super) const MOST_TRIES: usize = 32;

/// The state of the search.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Search {
    good: Option<u32>,
    bad: Option<u32>,
}

impl Search {
    /// The next rate; `None` when the result is close enough.
    pub(super) fn next(self) -> Option<u32> {
        match (self.good, self.bad) {
            (None, None) => Some(FIRST_RATE),
            (Some(good), None) => Some(good.saturating_add(good / 100 * RAISED_BY)),
            (None, Some(bad)) => (bad > 10).then_some(bad / 2),
            (Some(good), Some(bad)) => {
                let is_near = bad - good <= good / 100 * TOLERANCE_PERCENT;
                (!is_near && bad - good > 1).then_some(good + (bad - good) / 2)
            }
        }
    }

    /// Records a tried rate.
    pub(super) fn tried(&mut self, rate: u32, is_good: bool) {
        if is_good {
            self.good = Some(self.good.map_or(rate, |known| known.max(rate)));
        } else {
            self.bad = Some(self.bad.map_or(rate, |known| known.min(rate)));
        }
    }

    /// The highest good rate.
    pub(super) fn good(self) -> Option<u32> {
        self.good
    }
}

/// The limits that a step exceeds, as a sentence with the busiest process; `None` if it exceeds none.
pub(super) fn broken(step: &Step, limits: &Limits, machine_cores: usize) -> Option<String> {
    let answered = [Kind::Success, Kind::Refusal];
    let p99 = answered.iter().filter_map(|kind| step.kind(*kind)?.latency);
    let p99_ms = p99.map(|latency| latency.p99_ms).fold(0.0, f64::max);
    let failed = step.kind(Kind::Failure).map_or(0, |failed| failed.count) + step.missed;
    let all: u64 = step.kinds.iter().map(|kind| kind.count).sum::<u64>() + step.missed;
    let errors_percent = 100.0 * as_number(failed) / as_number(all.max(1));
    let mut found = Vec::new();
    if p99_ms > limits.p99_ms {
        found.push(format!(
            "the 99th percentile was {p99_ms:.0} ms, above {:.0} ms",
            limits.p99_ms
        ));
    }
    if errors_percent > limits.errors_percent {
        found.push(format!(
            "{errors_percent:.1} % of the requests failed or could not be sent in time, above {} %",
            limits.errors_percent
        ));
    }
    if found.is_empty() {
        return None;
    }
    Some(found.join("; ") + &busiest(step, machine_cores))
}

/// The process with the most CPU use: the likely bottleneck.
fn busiest(step: &Step, machine_cores: usize) -> String {
    // A leading dot marks a part of another process group.
    let whole = step.cores.iter().filter(|(name, _)| !name.starts_with('.'));
    let most = whole.clone().max_by(|a, b| a.1.total_cmp(&b.1));
    let all: f64 = whole.map(|(_, cores)| cores).sum();
    match most {
        Some((name, cores)) if step.cores.len() > 1 => format!(
            "; of {machine_cores} cores {all:.1} were busy, most of them with {name} ({cores:.1})"
        ),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{KindCount, Latency, StepPace};

    /// Searches on a server with this capacity.
    fn found(capacity: u32) -> (Option<u32>, usize) {
        let (mut search, mut tries) = (Search::default(), 0);
        while let Some(rate) = search.next() {
            search.tried(rate, rate <= capacity);
            tries += 1;
        }
        (search.good(), tries)
    }

    #[test]
    fn the_capacity_is_found_precisely_in_few_tries() {
        for capacity in [50, 199, 200, 1_234, 9_876, 60_000] {
            let (rate, tries) = found(capacity);
            let rate = rate.unwrap();
            assert!(
                rate <= capacity && rate >= capacity / 100 * 90,
                "{capacity}: {rate}"
            );
            assert!(tries <= MOST_TRIES, "{capacity}: {tries}");
        }
        assert_eq!(found(0).0, None);
    }

    fn step(p99_ms: f64, failed: u64, missed: u64) -> Step {
        let latency = Latency {
            p50_ms: 1.0,
            p90_ms: 2.0,
            p99_ms,
            p999_ms: p99_ms,
            max_ms: p99_ms,
        };
        let count = |kind, count| KindCount {
            kind,
            count,
            per_s: 0.0,
            latency: Some(latency),
        };
        Step {
            pace: StepPace::Open(100),
            clients: 1,
            warm_up_s: 0.0,
            measured_s: 1.0,
            missed,
            outcomes: Vec::new(),
            kinds: vec![count(Kind::Success, 1_000), count(Kind::Failure, failed)],
            timeline: Vec::new(),
            cores: vec![("postgres".to_owned(), 1.2), (".bookings".to_owned(), 1.1)],
            others_cores: None,
            sales: Vec::new(),
        }
    }

    #[test]
    fn the_exceeded_limit_is_named() {
        let limits = Limits {
            p99_ms: 100.0,
            errors_percent: 1.0,
        };
        assert_eq!(broken(&step(99.0, 5, 5), &limits, 2), None);
        let slow = broken(&step(150.0, 0, 0), &limits, 2).unwrap();
        assert!(slow.contains("99th percentile was 150 ms"), "{slow}");
        assert!(
            slow.contains("postgres (1.2)") && !slow.contains("failed"),
            "{slow}"
        );
        let failing = broken(&step(1.0, 10, 20), &limits, 2).unwrap();
        assert!(failing.contains("2.9 % of the requests"), "{failing}");
    }
}
