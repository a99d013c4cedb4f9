//! What was measured by stack, its table and the ratios.

use std::collections::HashMap;

use benches::numbers::{print_result, ratio};
use loadgen::console::line;
use loadgen::stats::{as_number, median};

use crate::sizes::Sizes;

/// Names of what is reported apart.
pub const PROOF: &str = "ledger proof";
pub const HOLD: &str = "hold";
pub const BOOKING: &str = "paid booking";

/// Milliseconds, one number a round.
#[derive(Default)]
pub struct Results {
    /// In the order of their first measurement.
    names: Vec<&'static str>,
    rounds: HashMap<(&'static str, usize), Vec<f64>>,
}

impl Results {
    pub fn add(&mut self, name: &'static str, stack: usize, ms: f64) {
        if !self.names.contains(&name) {
            self.names.push(name);
        }
        self.rounds.entry((name, stack)).or_default().push(ms);
    }

    /// Prints the table, and the ratios of the longest history to the shortest as one line of JSON.
    pub fn print(&self, sizes: &[Sizes]) -> anyhow::Result<()> {
        line("\nmedians of the rounds in ms, and in multiples of the first history")?;
        for (index, sizes) in sizes.iter().enumerate() {
            line(format_args!("history {}: {}", index + 1, sizes.shown()))?;
        }
        for name in &self.names {
            let columns = (0..sizes.len()).map(|stack| {
                let ms = self.ms(name, stack).unwrap_or_default();
                let times = self.times(name, stack).unwrap_or_default();
                format!("{ms:>10.2} ({times:.2})")
            });
            let columns: String = columns.collect();
            line(format_args!("{name:<26}{columns}"))?;
        }
        let longest = sizes.len() - 1;
        let all = self
            .names
            .iter()
            .filter_map(|name| self.times(name, longest));
        let worst = all.reduce(f64::max);
        let starts = self.names.iter().filter(|name| name.starts_with("start"));
        let starts = starts.filter_map(|name| self.times(name, longest));
        let size = |number: fn(&Sizes) -> u64| sizes.get(longest).map(number).map(as_number);
        print_result(&[
            ("growth_max", worst, 2),
            ("proof_ms", self.ms(PROOF, longest), 1),
            ("growth_proof", self.times(PROOF, longest), 2),
            ("growth_hold", self.times(HOLD, longest), 2),
            ("growth_booking", self.times(BOOKING, longest), 2),
            ("growth_start", starts.reduce(f64::max), 2),
            ("flights", size(Sizes::flights), 0),
            ("bookings", size(|sizes| sizes.bookings), 0),
            ("ledger_entries", size(Sizes::ledger_entries), 0),
        ])
    }

    fn ms(&self, name: &'static str, stack: usize) -> Option<f64> {
        median(self.rounds.get(&(name, stack))?)
    }

    fn times(&self, name: &'static str, stack: usize) -> Option<f64> {
        ratio(self.ms(name, stack), self.ms(name, 0))
    }
}
