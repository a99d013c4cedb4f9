//! The results of all rounds by case, and their table.

use std::collections::HashMap;

use anyhow::ensure;

use super::{Case, Part};
use crate::numbers::print_background_load;
use loadgen::console::line;
use loadgen::stats::{Report, median};
use test_stack::cores::Share;

/// The result of one round of a case.
pub(super) struct Round {
    pub(super) report: Report,
    /// Cores busy, by process group.
    pub(super) cores: Vec<f64>,
    /// Cores busy with other programs.
    pub(super) others_cores: f64,
}

pub struct Results<P> {
    cases: Vec<Case<P>>,
    shares: Vec<&'static str>,
    rounds: HashMap<Case<P>, Vec<Round>>,
}

impl<P: Part> Results<P> {
    pub(super) fn new(cases: &[Case<P>], shares: &[(&'static str, Share)]) -> Self {
        Self {
            cases: cases.to_vec(),
            shares: shares.iter().map(|(name, _)| *name).collect(),
            rounds: HashMap::new(),
        }
    }

    /// Adds a round, and prints it.
    pub(super) fn add(&mut self, case: &Case<P>, number: u8, round: Round) -> anyhow::Result<()> {
        let (report, granted) = (&round.report, case.part.granted());
        line(format_args!(
            "round {number}  {:<13} {:>4} connections {:>6.0} a second, p50 {:.1} ms, p99 {:.1} ms; \
             others took {:.0} %",
            case.part.name(),
            case.connections,
            report.rate(granted),
            report.latency_ms(granted, 0.5),
            report.latency_ms(granted, 0.99),
            round.others_cores * 100.0,
        ))?;
        for (outcome, count) in report.others(&[granted]) {
            line(format_args!("         also {count} times {outcome}"))?;
        }
        ensure!(report.rate(granted) > 0.0, "nothing was sold");
        self.rounds.entry(*case).or_default().push(round);
        Ok(())
    }

    /// Prints the medians of all cases, and the CPU use.
    pub(super) fn print_table(&self) -> anyhow::Result<()> {
        line(format_args!(
            "\n{:<22} {:>11} {:>9} {:>9} {:>9} {:>9}",
            "medians of the rounds", "connections", "a second", "p50 ms", "p99 ms", "p99.9 ms"
        ))?;
        for case in &self.cases {
            let latency = |quantile| self.latency_ms(case, quantile).unwrap_or_default();
            line(format_args!(
                "{:<22} {:>11} {:>9.0} {:>9.1} {:>9.1} {:>9.1}",
                case.part.name(),
                case.connections,
                self.rate(case).unwrap_or_default(),
                latency(0.5),
                latency(0.99),
                latency(0.999),
            ))?;
        }
        self.print_cores()?;
        let rounds = self.rounds.values().flatten();
        let others: Vec<f64> = rounds.map(|round| round.others_cores).collect();
        print_background_load(&others)
    }

    /// Columns whose name begins with a dot are parts of the column before.
    fn print_cores(&self) -> anyhow::Result<()> {
        let heads = self.shares.iter().map(|name| format!("{name:>9}"));
        line(format_args!(
            "\n{:<13} {:>11} {}",
            "cores busy",
            "connections",
            heads.collect::<Vec<_>>().join(" ")
        ))?;
        for case in &self.cases {
            let cores = (0..self.shares.len()).map(|index| {
                let of_round = |round: &Round| round.cores.get(index).copied().unwrap_or_default();
                let cores = self.median_of(case, of_round).unwrap_or_default();
                format!("{cores:>9.2}")
            });
            line(format_args!(
                "{:<13} {:>11} {}",
                case.part.name(),
                case.connections,
                cores.collect::<Vec<_>>().join(" ")
            ))?;
        }
        Ok(())
    }

    pub fn of_part(&self, part: P) -> impl Iterator<Item = &Case<P>> {
        self.cases.iter().filter(move |case| case.part == part)
    }

    /// Highest rate among a part's cases.
    #[must_use]
    pub fn best_rate(&self, part: P) -> Option<f64> {
        let of_part = self.of_part(part);
        of_part.filter_map(|case| self.rate(case)).reduce(f64::max)
    }

    /// Successful requests per second.
    #[must_use]
    pub fn rate(&self, case: &Case<P>) -> Option<f64> {
        self.median_of(case, |round| round.report.rate(case.part.granted()))
    }

    /// A latency quantile of the successful requests, in milliseconds.
    #[must_use]
    pub fn latency_ms(&self, case: &Case<P>, quantile: f64) -> Option<f64> {
        let granted = case.part.granted();
        self.median_of(case, |round| round.report.latency_ms(granted, quantile))
    }

    fn median_of(&self, case: &Case<P>, number: impl Fn(&Round) -> f64) -> Option<f64> {
        let numbers: Vec<f64> = self.rounds.get(case)?.iter().map(number).collect();
        median(&numbers)
    }
}
