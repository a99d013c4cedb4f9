//! The result of a run.

use std::time::Duration;

use super::{Outcome, Tally};

#[derive(Clone, Debug)]
pub struct Report {
    tally: Tally,
    measured_for: Duration,
}

impl Report {
    #[must_use]
    pub fn new(tally: Tally, measured_for: Duration) -> Self {
        Self {
            tally,
            measured_for,
        }
    }

    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Shorter than planned if the requests ran out.
    #[must_use]
    pub fn measured_for(&self) -> Duration {
        self.measured_for
    }

    /// Requests with this outcome started per second, on average. In a closed loop, whose clients never idle,
    /// the rate of answers is the same.
    #[must_use]
    pub fn rate(&self, outcome: Outcome) -> f64 {
        if self.measured_for.is_zero() {
            return 0.0;
        }
        as_number(self.tally.measured(outcome)) / self.measured_for.as_secs_f64()
    }

    /// The latency quantile of the requests with this outcome, in milliseconds.
    #[must_use]
    pub fn latency_ms(&self, outcome: Outcome, quantile: f64) -> f64 {
        self.tally.latency(outcome, quantile).as_secs_f64() * 1000.0
    }

    /// Measured requests with any other outcome, and their counts.
    #[must_use]
    pub fn others(&self, expected: &[Outcome]) -> Vec<(Outcome, u64)> {
        self.tally
            .outcomes()
            .filter(|(outcome, _)| !expected.contains(outcome))
            .collect()
    }
}

/// `None` if there are none.
#[must_use]
pub fn median(numbers: &[f64]) -> Option<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get(middle.checked_sub(1)?)?;
    Some(f64::midpoint(lower, upper))
}

/// Exact up to 2^53.
#[must_use]
pub fn as_number(count: u64) -> f64 {
    const BITS: u32 = 32;
    let part = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).map_or(0.0, f64::from);
    part(count >> BITS) * (f64::from(u32::MAX) + 1.0) + part(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Phase;

    #[test]
    fn a_rate_is_the_measured_count_over_the_measured_time() {
        let mut tally = Tally::new().unwrap();
        for _ in 0..30 {
            tally.record(
                Outcome::Status(200),
                Duration::from_millis(2),
                Phase::Measured,
            );
        }
        tally.record(Outcome::Status(200), Duration::ZERO, Phase::WarmUp);
        tally.record(Outcome::Broken, Duration::ZERO, Phase::Measured);
        let report = Report::new(tally.clone(), Duration::from_millis(1500));
        assert!((report.rate(Outcome::Status(200)) - 20.0).abs() < 1e-9);
        assert!((report.latency_ms(Outcome::Status(200), 0.99) - 2.0).abs() < 0.01);
        let others = report.others(&[Outcome::Status(200)]);
        assert_eq!(others, [(Outcome::Broken, 1)]);
        let none = Report::new(tally, Duration::ZERO);
        assert!(none.rate(Outcome::Status(200)).abs() < f64::EPSILON);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[5.0, 1.0, 3.0]), Some(3.0));
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
    }

    #[test]
    fn counts_become_numbers_exactly() {
        for count in [0, 1, u64::from(u32::MAX), 1 << 32, (1 << 53) - 1] {
            let text = format!("{:.0}", as_number(count));
            assert_eq!(text, count.to_string());
        }
    }
}
