//! Counts and latencies, in HDR histograms.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::{CreationError, Histogram};

use super::{Outcome, Timeline};

/// Shorter latencies count as this one.
const SHORTEST_NS: u64 = 64;
/// Longer latencies count as this one; no run waits that long.
const LONGEST_NS: u64 = 120_000_000_000;
/// Significant digits of a latency: an error of 0.1 %.
const DIGITS: u8 = 3;

/// The phase in which a request was scheduled to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Counted in the totals, not measured.
    WarmUp,
    Measured,
}

/// Counts and latencies of one thread, or of several merged.
#[derive(Clone, Debug)]
pub struct Tally {
    empty: Histogram<u64>,
    measured: BTreeMap<Outcome, Histogram<u64>>,
    all: BTreeMap<Outcome, u64>,
    timeline: Timeline,
    missed: u64,
    missed_in_warm_up: u64,
}

impl Tally {
    pub fn new() -> Result<Self, CreationError> {
        Ok(Self {
            empty: Histogram::new_with_bounds(SHORTEST_NS, LONGEST_NS, DIGITS)?,
            measured: BTreeMap::new(),
            all: BTreeMap::new(),
            timeline: Timeline::default(),
            missed: 0,
            missed_in_warm_up: 0,
        })
    }

    pub fn record(&mut self, outcome: Outcome, latency: Duration, phase: Phase) {
        *self.all.entry(outcome).or_default() += 1;
        if phase == Phase::Measured {
            let latency_ns = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
            self.measured
                .entry(outcome)
                .or_insert_with(|| self.empty.clone())
                .saturating_record(latency_ns);
        }
    }

    /// Counts an answer in the timeline; `at` is measured from the end of the warm-up.
    pub fn record_end(&mut self, outcome: Outcome, at: Duration) {
        self.timeline.count(outcome, at);
    }

    /// Counts requests that no client was free to send in time.
    pub fn miss(&mut self, requests: u64, phase: Phase) {
        match phase {
            Phase::WarmUp => self.missed_in_warm_up += requests,
            Phase::Measured => self.missed += requests,
        }
    }

    pub fn merge(&mut self, other: &Self) {
        for (outcome, count) in &other.all {
            *self.all.entry(*outcome).or_default() += count;
        }
        for (outcome, latencies) in &other.measured {
            // Recording fails only outside the bounds, and these are the same in both.
            self.measured
                .entry(*outcome)
                .or_insert_with(|| self.empty.clone())
                .add(latencies)
                .ok();
        }
        self.timeline.merge(&other.timeline);
        self.missed += other.missed;
        self.missed_in_warm_up += other.missed_in_warm_up;
    }

    /// Requests with this outcome, the warm-up's included.
    #[must_use]
    pub fn total(&self, outcome: Outcome) -> u64 {
        self.all.get(&outcome).copied().unwrap_or_default()
    }

    /// Measured requests with this outcome.
    #[must_use]
    pub fn measured(&self, outcome: Outcome) -> u64 {
        self.measured.get(&outcome).map_or(0, Histogram::len)
    }

    /// Outcomes of the measured requests.
    pub fn outcomes(&self) -> impl Iterator<Item = (Outcome, u64)> {
        self.measured
            .iter()
            .map(|(outcome, latencies)| (*outcome, latencies.len()))
    }

    /// Outcomes of all requests, the warm-up's included.
    pub fn totals(&self) -> impl Iterator<Item = (Outcome, u64)> {
        self.all.iter().map(|(outcome, count)| (*outcome, *count))
    }

    #[must_use]
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// The latency quantile of the measured requests whose outcome matches; zero if there are none.
    pub fn latency_of(&self, outcomes: impl Fn(Outcome) -> bool, quantile: f64) -> Duration {
        let mut together = self.empty.clone();
        let counted = self.measured.iter();
        for (_, latencies) in counted.filter(|(outcome, _)| outcomes(**outcome)) {
            // Adding fails only outside the bounds, and these are the same.
            together.add(latencies).ok();
        }
        Duration::from_nanos(together.value_at_quantile(quantile))
    }

    /// Measured requests that no client was free to send in time.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// All requests: sent or missed, the warm-up's included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.all.values().sum::<u64>() + self.missed + self.missed_in_warm_up
    }

    /// The latency quantile of the measured requests with this outcome; 1.0 is the maximum, zero means that
    /// there are none.
    #[must_use]
    pub fn latency(&self, outcome: Outcome, quantile: f64) -> Duration {
        let latencies = self.measured.get(&outcome);
        Duration::from_nanos(latencies.map_or(0, |known| known.value_at_quantile(quantile)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRANTED: Outcome = Outcome::Status(201);
    const REFUSED: Outcome = Outcome::Named("refused");

    fn of_hundred() -> Tally {
        let mut tally = Tally::new().unwrap();
        for milliseconds in 1..=100 {
            let latency = Duration::from_millis(milliseconds);
            tally.record(GRANTED, latency, Phase::Measured);
        }
        tally
    }

    fn close_to(found: Duration, milliseconds: u64) -> bool {
        found.abs_diff(Duration::from_millis(milliseconds)) < Duration::from_micros(200)
    }

    #[test]
    fn quantiles_of_one_to_a_hundred_are_known() {
        let tally = of_hundred();
        assert!(close_to(tally.latency(GRANTED, 0.5), 50));
        assert!(close_to(tally.latency(GRANTED, 0.9), 90));
        assert!(close_to(tally.latency(GRANTED, 0.99), 99));
        assert!(close_to(tally.latency(GRANTED, 1.0), 100));
        assert_eq!(tally.latency(REFUSED, 0.5), Duration::ZERO);
    }

    #[test]
    fn the_warm_up_is_counted_but_not_measured() {
        let mut tally = of_hundred();
        tally.record(GRANTED, Duration::from_secs(9), Phase::WarmUp);
        tally.miss(2, Phase::WarmUp);
        tally.miss(3, Phase::Measured);
        assert_eq!(tally.total(GRANTED), 101);
        assert_eq!(tally.measured(GRANTED), 100);
        assert_eq!(tally.missed(), 3);
        assert_eq!(tally.requests(), 106);
        assert!(close_to(tally.latency(GRANTED, 1.0), 100));
    }

    #[test]
    fn merged_tallies_are_the_tally_of_all() {
        let mut both = of_hundred();
        let mut other = Tally::new().unwrap();
        for _ in 0..100 {
            other.record(GRANTED, Duration::from_millis(200), Phase::Measured);
        }
        other.record(REFUSED, Duration::from_millis(1), Phase::Measured);
        other.miss(7, Phase::Measured);
        both.merge(&other);
        assert_eq!(both.missed(), 7);
        let outcomes: Vec<_> = both.outcomes().collect();
        assert_eq!(outcomes, [(GRANTED, 200), (REFUSED, 1)]);
        assert_eq!(
            both.latency_of(|one| one == REFUSED, 1.0),
            both.latency(REFUSED, 1.0)
        );
        assert!(close_to(both.latency_of(|_| true, 1.0), 200));
        assert!(close_to(both.latency(GRANTED, 0.5), 100));
        assert!(close_to(both.latency(GRANTED, 0.99), 200));
    }

    #[test]
    fn a_latency_beyond_the_bounds_is_the_longest() {
        let mut tally = Tally::new().unwrap();
        tally.record(GRANTED, Duration::MAX, Phase::Measured);
        tally.record(GRANTED, Duration::ZERO, Phase::Measured);
        assert_eq!(tally.measured(GRANTED), 2);
        assert!(tally.latency(GRANTED, 1.0) >= Duration::from_nanos(LONGEST_NS));
    }
}
