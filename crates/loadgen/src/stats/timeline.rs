//! Answers over time: their counts by time slot.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Outcome;

/// Short enough to show a sale that is over in two seconds.
pub const SLOT: Duration = Duration::from_millis(250);

/// More than the longest run has; later answers count in the last slot.
const MOST_SLOTS: usize = 4_000;

/// Counts of outcomes by slot, starting when the measurement does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline(Vec<BTreeMap<Outcome, u64>>);

impl Timeline {
    /// Counts an answer; `at` is measured from the end of the warm-up.
    pub fn count(&mut self, outcome: Outcome, at: Duration) {
        let slot = usize::try_from(at.as_nanos() / SLOT.as_nanos()).unwrap_or(usize::MAX);
        let slot = slot.min(MOST_SLOTS - 1);
        if self.0.len() <= slot {
            self.0.resize_with(slot + 1, BTreeMap::new);
        }
        if let Some(counts) = self.0.get_mut(slot) {
            *counts.entry(outcome).or_default() += 1;
        }
    }

    pub fn merge(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize_with(other.0.len(), BTreeMap::new);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            for (outcome, count) in theirs {
                *mine.entry(*outcome).or_default() += count;
            }
        }
    }

    pub fn slots(&self) -> impl Iterator<Item = &BTreeMap<Outcome, u64>> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOLD: Outcome = Outcome::Named("sold");
    const REFUSED: Outcome = Outcome::Named("refused");

    #[test]
    fn a_request_counts_in_the_slot_of_its_answer() {
        let mut timeline = Timeline::default();
        timeline.count(SOLD, Duration::ZERO);
        timeline.count(SOLD, SLOT - Duration::from_nanos(1));
        timeline.count(REFUSED, SLOT * 2);
        timeline.count(REFUSED, Duration::MAX);
        let mut other = Timeline::default();
        other.count(SOLD, SLOT);
        other.merge(&timeline);
        let counts: Vec<u64> = other.slots().map(|slot| slot.values().sum()).collect();
        assert_eq!(counts[..4], [2, 1, 1, 0]);
        assert_eq!(counts.len(), MOST_SLOTS);
        assert_eq!(counts[MOST_SLOTS - 1], 1);
    }
}
