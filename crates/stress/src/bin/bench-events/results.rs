//! The numbers: kept by case, and as one line for programs.

use std::collections::HashMap;

use anyhow::ensure;
use stress::bench::cores::Share;
use stress::bench::numbers::{line, print_result};
use stress::stats::{Report, median};

use crate::cases::{Case, Part, SOLD};

/// What one round of a case found.
pub struct Round {
    pub report: Report,
    /// How many cores each share kept busy.
    pub cores: Vec<f64>,
    /// How many cores other programs kept busy.
    pub others_cores: f64,
}

/// All rounds.
pub struct Results {
    cases: Vec<Case>,
    shares: Vec<&'static str>,
    rounds: HashMap<Case, Vec<Round>>,
}

impl Results {
    pub fn new(cases: &[Case], shares: &[(&'static str, Share)]) -> Self {
        Self {
            cases: cases.to_vec(),
            shares: shares.iter().map(|(name, _)| *name).collect(),
            rounds: HashMap::new(),
        }
    }

    /// Keeps a round, and shows it.
    pub fn add(&mut self, case: &Case, number: u8, round: Round) -> anyhow::Result<()> {
        let report = &round.report;
        line(format_args!(
            "round {number}  {:<13} {:>4} connections {:>6.0} a second, p50 {:.1} ms, p99 {:.1} ms; \
             others took {:.0} %",
            case.part.name(),
            case.connections,
            report.rate(SOLD),
            report.latency_ms(SOLD, 0.5),
            report.latency_ms(SOLD, 0.99),
            round.others_cores * 100.0,
        ))?;
        for (outcome, count) in report.others(&[SOLD]) {
            line(format_args!("         besides, {count} times {outcome}"))?;
        }
        ensure!(report.rate(SOLD) > 0.0, "nothing was sold");
        self.rounds.entry(*case).or_default().push(round);
        Ok(())
    }

    /// Shows the medians of all cases, who kept how many cores busy, and the best rate as one line of
    /// JSON: `null` where it was not measured.
    pub fn print_summary(&self) -> anyhow::Result<()> {
        line("\nmedians of the rounds")?;
        for case in &self.cases {
            let latency = |quantile| {
                let of_round = |round: &Round| round.report.latency_ms(SOLD, quantile);
                self.median_of(case, of_round).unwrap_or_default()
            };
            let busy = self.shares.iter().enumerate().map(|(index, name)| {
                let of_round = |round: &Round| round.cores.get(index).copied().unwrap_or_default();
                let cores = self.median_of(case, of_round).unwrap_or_default();
                format!("{name} {cores:.2}")
            });
            line(format_args!(
                "{:<13} {:>4} connections {:>6.0} a second, p50 {:.1} ms, p99 {:.1} ms; cores busy: {}",
                case.part.name(),
                case.connections,
                self.rate(case).unwrap_or_default(),
                latency(0.5),
                latency(0.99),
                busy.collect::<Vec<_>>().join(", "),
            ))?;
        }
        let best = self.best(Part::Tickets);
        print_result(&[("ticket_option_per_s", best, 0)])
    }

    fn best(&self, part: Part) -> Option<f64> {
        let of_part = self.cases.iter().filter(|case| case.part == part);
        of_part.filter_map(|case| self.rate(case)).reduce(f64::max)
    }

    fn rate(&self, case: &Case) -> Option<f64> {
        self.median_of(case, |round| round.report.rate(SOLD))
    }

    fn median_of(&self, case: &Case, number: impl Fn(&Round) -> f64) -> Option<f64> {
        let numbers: Vec<f64> = self.rounds.get(case)?.iter().map(number).collect();
        median(&numbers)
    }
}
